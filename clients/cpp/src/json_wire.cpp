#include "json_wire.hpp"

#include <cmath>
#include <stdexcept>

namespace croco::execution {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr std::int64_t kExact = std::int64_t{1} << 53;

/// More levels of arrays and objects than the contract allows cannot be parsed: protobuf stops at 100 nested messages,
/// and a level takes three.
constexpr int kLevels = 30;

[[noreturn]] void Refuse(const std::string& path, const char* why) { throw std::invalid_argument(path + " " + why); }

void Fill(const Json& json, const std::string& path, int levels, Value* value);

void FillObject(const Json& json, const std::string& path, int levels, Struct* object) {
  for (const auto& [key, item] : json.items()) {
    std::string name = TextToWire(key, "A key of " + path);
    Fill(item, path + "." + key, levels, &(*object->mutable_fields())[std::move(name)]);
  }
}

void FillList(const Json& json, const std::string& path, int levels, ListValue* list) {
  for (std::size_t at = 0; at < json.size(); ++at) {
    Fill(json[at], path + "[" + std::to_string(at) + "]", levels, list->add_values());
  }
}

double Exact(const Json& json, const std::string& path) {
  const bool within = json.is_number_unsigned()
                          ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(kExact)
                          : json.get<std::int64_t>() <= kExact && json.get<std::int64_t>() >= -kExact;
  if (!within) Refuse(path, "is an integer beyond 2^53, which JSON numbers cannot hold exactly.");
  return json.get<double>();
}

double Finite(const Json& json, const std::string& path) {
  const auto number = json.get<double>();
  if (!std::isfinite(number)) Refuse(path, "is not a finite number, which JSON does not have.");
  return number;
}

int Below(int levels, const std::string& path) {
  if (levels == 0) Refuse(path, "is nested deeper than 30 levels.");
  return levels - 1;
}

void Fill(const Json& json, const std::string& path, int levels, Value* value) {
  switch (json.type()) {
    case Json::value_t::null:
      return value->set_null_value(google::protobuf::NULL_VALUE);
    case Json::value_t::boolean:
      return value->set_bool_value(json.get<bool>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value->set_number_value(Exact(json, path));
    case Json::value_t::number_float:
      return value->set_number_value(Finite(json, path));
    case Json::value_t::string:
      return value->set_string_value(TextToWire(json.get_ref<const std::string&>(), path));
    case Json::value_t::array:
      return FillList(json, path, Below(levels, path), value->mutable_list_value());
    case Json::value_t::object:
      return FillObject(json, path, Below(levels, path), value->mutable_struct_value());
    case Json::value_t::binary:
      Refuse(path, "is binary, which JSON does not have.");
    case Json::value_t::discarded:
      Refuse(path, "is omitted, which a part of a value cannot be.");
  }
}

/// The bytes of the character that a text begins with; 0 if they are not UTF-8.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool beyond = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || beyond ? 0 : size;
}

Json Number(double number) {
  if (std::abs(number) <= static_cast<double>(kExact) && number == std::trunc(number)) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

void RefuseUnlessObject(const Json& json, const std::string& path) {
  if (!json.is_object()) Refuse(path, "is not an object.");
}

}  // namespace

void ToWire(const Json& json, const std::string& path, Value* value) { Fill(json, path, kLevels, value); }

void ToWire(const Json& json, const std::string& path, Struct* object) {
  RefuseUnlessObject(json, path);
  FillObject(json, path, Below(kLevels, path), object);
}

void ToWire(const Json& json, const std::string& path, google::protobuf::Map<std::string, Value>* values) {
  if (json.is_discarded()) return;
  RefuseUnlessObject(json, path);
  for (const auto& [key, item] : json.items()) {
    ToWire(item, path + "." + key, &(*values)[TextToWire(key, "A key of " + path)]);
  }
}

std::string TextToWire(std::string_view text, const std::string& path) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = CharacterSize(rest);
    if (size == 0) Refuse(path, "is not UTF-8 text.");
    rest.remove_prefix(size);
  }
  return std::string(text);
}

Json FromWire(const Value& value) {
  switch (value.kind_case()) {
    case Value::kBoolValue:
      return value.bool_value();
    case Value::kNumberValue:
      return Number(value.number_value());
    case Value::kStringValue:
      return value.string_value();
    case Value::kStructValue:
      return FromWire(value.struct_value());
    case Value::kListValue: {
      Json list = Json::array();
      for (const Value& item : value.list_value().values()) list.push_back(FromWire(item));
      return list;
    }
    default:
      return nullptr;
  }
}

Json FromWire(const Struct& object) {
  Json json = Json::object();
  for (const auto& [key, item] : object.fields()) json[key] = FromWire(item);
  return json;
}

}  // namespace croco::execution
