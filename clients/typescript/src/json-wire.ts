/**
 * `google.protobuf.Value` and `Struct` between plain JavaScript values and bytes, for the generated code, which finds them
 * here by the option `M` in buf.gen.yaml.
 *
 * The generator's own take two steps, over an object per value, and lose a property that is named `__proto__`.
 * These write what json.ts has checked, and read what the service answers.
 */

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

type Fields = Record<string, unknown>;

function tag(field: number, type: WireType): number {
  return (field << 3) | type;
}

const NULL = tag(1, WireType.Varint);
const NUMBER = tag(2, WireType.Bit64);
const STRING = tag(3, WireType.LengthDelimited);
const BOOLEAN = tag(4, WireType.Varint);
const STRUCT = tag(5, WireType.LengthDelimited);
const LIST = tag(6, WireType.LengthDelimited);
/** The fields of a Struct, the values of a ListValue, and the key of an entry of a map. */
const FIRST = tag(1, WireType.LengthDelimited);
/** The value of an entry of a map. */
const SECOND = tag(2, WireType.LengthDelimited);

function writeValue(json: unknown, writer: BinaryWriter): BinaryWriter {
  switch (typeof json) {
    case "string":
      return writer.uint32(STRING).string(json);
    case "number":
    case "bigint":
      return writer.uint32(NUMBER).double(Number(json));
    case "boolean":
      return writer.uint32(BOOLEAN).bool(json);
    default:
      if (json === null) return writer.uint32(NULL).int32(0);
      if (Array.isArray(json)) return writeList(json, writer.uint32(LIST).fork()).join();
      return writeFields(json as Fields, writer.uint32(STRUCT).fork()).join();
  }
}

function writeList(items: readonly unknown[], writer: BinaryWriter): BinaryWriter {
  for (const item of items) writeValue(item, writer.uint32(FIRST).fork()).join();
  return writer;
}

function writeFields(fields: Fields, writer: BinaryWriter): BinaryWriter {
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    writer.uint32(FIRST).fork().uint32(FIRST).string(key);
    writeValue(value, writer.uint32(SECOND).fork()).join().join();
  }
  return writer;
}

function readValue(reader: BinaryReader, end: number): unknown {
  let json: unknown = null;
  while (reader.pos < end) {
    const read = reader.uint32();
    if (read === STRING) json = reader.string();
    else if (read === NUMBER) json = reader.double();
    else if (read === BOOLEAN) json = reader.bool();
    else if (read === STRUCT) json = readFields(reader, endOf(reader));
    else if (read === LIST) json = readList(reader, endOf(reader));
    else {
      json = null;
      skip(reader, read);
    }
  }
  return json;
}

function readList(reader: BinaryReader, end: number): unknown[] {
  const items: unknown[] = [];
  while (reader.pos < end) {
    const read = reader.uint32();
    if (read === FIRST) items.push(readValue(reader, endOf(reader)));
    else skip(reader, read);
  }
  return items;
}

function readFields(reader: BinaryReader, end: number): Fields {
  const entries: [string, unknown][] = [];
  while (reader.pos < end) {
    const read = reader.uint32();
    if (read === FIRST) entries.push(readEntry(reader, endOf(reader)));
    else skip(reader, read);
  }
  // Not by assignment, which would take `__proto__` for the prototype.
  return Object.fromEntries(entries);
}

function readEntry(reader: BinaryReader, end: number): [string, unknown] {
  let key = "";
  let value: unknown = null;
  while (reader.pos < end) {
    const read = reader.uint32();
    if (read === FIRST) key = reader.string();
    else if (read === SECOND) value = readValue(reader, endOf(reader));
    else skip(reader, read);
  }
  return [key, value];
}

function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

function skip(reader: BinaryReader, read: number): void {
  reader.skip(read & 7, read >>> 3);
}

/** The names and shapes that the generated code expects; `wrap` and `unwrap` have nothing left to do. */
export const Value = {
  encode: (json: unknown, writer = new BinaryWriter()) => writeValue(json, writer),
  decode: (reader: BinaryReader, length: number) => readValue(reader, reader.pos + length),
  wrap: <T>(json: T): T => json,
  unwrap: <T>(json: T): T => json,
};

/** See `Value`. */
export const Struct = {
  encode: (json: Fields, writer = new BinaryWriter()) => writeFields(json, writer),
  decode: (reader: BinaryReader, length: number) => readFields(reader, reader.pos + length),
  wrap: <T>(json: T): T => json,
  unwrap: <T>(json: T): T => json,
};
