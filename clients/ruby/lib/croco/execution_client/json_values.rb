# frozen_string_literal: true

require "google/protobuf/struct_pb"

module Croco
  class ExecutionClient
    # JSON values between Ruby and google.protobuf.Value.
    #
    # A Value holds every number as a double. So that what was sent comes back as it was, an integral double of up to
    # 2**53 is an Integer in Ruby, and an Integer beyond that is refused instead of being rounded without a word.
    # Everything else that a Value cannot hold is refused too, with the path of the culprit, before anything is sent.
    module JsonValues
      EXACT = 2**53
      # More levels of lists and objects than the contract allows cannot be parsed: protobuf stops at 100 nested messages.
      LEVELS = 30

      Value = Google::Protobuf::Value

      module_function

      # nil, true, false, Integer, Float, String, Symbol (as a String), Array, or Hash with String or Symbol keys.
      # Raises ArgumentError with the path of what is none of these, or cannot be held exactly.
      def to_value(json, path, levels = LEVELS)
        case json
        when nil then Value.new(null_value: :NULL_VALUE)
        when true, false then Value.new(bool_value: json)
        when Integer, Float then Value.new(number_value: number(json, path))
        when String, Symbol then Value.new(string_value: text(json, path))
        when Array then list(json, path, levels)
        when Hash then Value.new(struct_value: to_struct(json, path, levels))
        else raise ArgumentError, "#{path} is a #{json.class}, which JSON does not have."
        end
      end

      # As to_value, of a Hash.
      def to_struct(json, path, levels = LEVELS)
        raise ArgumentError, "#{path} has to be a Hash, not a #{json.class}." unless json.is_a?(Hash)

        levels = below(levels, path) unless json.empty?
        struct = Google::Protobuf::Struct.new
        json.each { |key, item| struct.fields[key(key, path)] = to_value(item, "#{path}.#{key}", levels) }
        struct
      end

      # The values of a Hash, each for itself.
      def to_values(json, path)
        raise ArgumentError, "#{path} has to be a Hash, not a #{json.class}." unless json.is_a?(Hash)

        json.to_h { |key, item| [key(key, path), to_value(item, "#{path}.#{key}")] }
      end

      # nil, true, false, Integer, Float, String, Array or Hash with String keys. A Value without a kind is nil.
      def from_value(value)
        case value.kind
        when :string_value then value.string_value
        when :number_value then from_number(value.number_value)
        when :bool_value then value.bool_value
        when :struct_value then from_struct(value.struct_value)
        when :list_value then value.list_value.values.map { |item| from_value(item) }
        end
      end

      # As from_value, of a struct; an absent one is empty.
      def from_struct(struct)
        struct.nil? ? {} : struct.fields.map { |key, item| [key, from_value(item)] }.to_h
      end

      def list(json, path, levels)
        levels = below(levels, path) unless json.empty?
        values = json.each_with_index.map { |item, at| to_value(item, "#{path}[#{at}]", levels) }
        Value.new(list_value: Google::Protobuf::ListValue.new(values: values))
      end
      private_class_method :list

      def number(json, path)
        if json.is_a?(Integer)
          return json.to_f if json.abs <= EXACT

          raise ArgumentError, "#{path} is an Integer beyond 2**53, which JSON numbers cannot hold exactly."
        end
        return json if json.finite?

        raise ArgumentError, "#{path} is #{json}, which JSON does not have."
      end
      private_class_method :number

      def text(json, path)
        text = json.to_s
        text = text.encode(Encoding::UTF_8) unless text.encoding == Encoding::UTF_8
        return text if text.valid_encoding?

        raise ArgumentError, "#{path} is not Unicode text."
      rescue EncodingError
        raise ArgumentError, "#{path} is not Unicode text."
      end
      private_class_method :text

      def key(key, path)
        return text(key, "A key of #{path}") if key.is_a?(String) || key.is_a?(Symbol)

        raise ArgumentError, "#{path} has the key #{key.inspect}; JSON has only Strings for keys."
      end
      private_class_method :key

      def below(levels, path)
        return levels - 1 if levels.positive?

        raise ArgumentError, "#{path} is nested deeper than #{LEVELS} levels."
      end
      private_class_method :below

      def from_number(number)
        number.finite? && number == number.floor && number.abs <= EXACT ? number.to_i : number
      end
      private_class_method :from_number
    end
  end
end
