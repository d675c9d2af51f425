//! The serde serializer that makes a `google.protobuf.Value`, with the conventions of `serde_json`.

use std::fmt;

use prost_types::{Struct, Value, value::Kind};
use serde::{
    Serialize, Serializer,
    ser::{self, SerializeSeq},
};

use super::{
    EXACT, LEVELS,
    collections::{List, Object},
};

/// Where in a value something is. Written out only when there is something to say of it.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root(&'a str),
    Item(&'a Path<'a>, usize),
    Key(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => formatter.write_str(name),
            Self::Item(list, index) => write!(formatter, "{list}[{index}]"),
            Self::Key(object, key) => write!(formatter, "{object}.{key}"),
        }
    }
}

/// Why something cannot be sent.
#[derive(Debug)]
pub(super) enum Refused {
    /// A sentence that names the path.
    Here(String),
    /// What somebody's `Serialize` says, who knows no path.
    Somewhere(String),
}

impl Refused {
    pub(super) fn sentence(self, root: &str) -> String {
        match self {
            Self::Here(sentence) => sentence,
            Self::Somewhere(reason) => format!("{root} cannot be serialised: {reason}"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Here(reason) | Self::Somewhere(reason)) = self;
        formatter.write_str(reason)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Somewhere(reason.to_string())
    }
}

/// Makes a `Value` of one Rust value.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) path: Path<'a>,
    /// How many more levels there may be.
    pub(super) levels: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path: Path::Root(path), levels: LEVELS }
    }

    /// How many levels there may be in a list or an object that is here.
    pub(super) fn levels_below(self) -> Result<usize, Refused> {
        let refused = || Refused::Here(format!("{} is nested deeper than {LEVELS} levels.", self.path));
        self.levels.checked_sub(1).ok_or_else(refused)
    }

    fn integer(self, negative: bool, magnitude: u128) -> Result<Value, Refused> {
        if magnitude > EXACT.into() {
            return Err(Refused::Here(format!(
                "{} is an integer beyond 2**53, which JSON numbers cannot hold exactly.",
                self.path
            )));
        }
        // No digit is lost: that was just looked at.
        let number = magnitude as f64;
        Ok(value(Kind::NumberValue(if negative { -number } else { number })))
    }
}

pub(super) fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

/// What serde_json makes of an enum's variant with data: an object of one field.
pub(super) fn variant(name: &str, data: Value) -> Value {
    value(Kind::StructValue(Struct { fields: [(name.to_owned(), data)].into() }))
}

/// Writes the methods for the integers.
macro_rules! integers {
    ($($signed:ident($type:ty),)* ; $($unsigned:ident($unsigned_type:ty),)*) => {
        $(fn $signed(self, number: $type) -> Result<Value, Refused> {
            self.integer(number < 0, number.unsigned_abs().into())
        })*
        $(fn $unsigned(self, number: $unsigned_type) -> Result<Value, Refused> {
            self.integer(false, number.into())
        })*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = Value;
    type Error = Refused;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Object<'a>;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Object<'a>;

    integers! {
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64), serialize_i128(i128),;
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_u128(u128),
    }

    fn serialize_bool(self, boolean: bool) -> Result<Value, Refused> {
        Ok(value(Kind::BoolValue(boolean)))
    }

    fn serialize_f32(self, number: f32) -> Result<Value, Refused> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<Value, Refused> {
        if number.is_finite() {
            return Ok(value(Kind::NumberValue(number)));
        }
        Err(Refused::Here(format!("{} is {number}, which JSON does not have.", self.path)))
    }

    fn serialize_char(self, letter: char) -> Result<Value, Refused> {
        self.serialize_str(&letter.to_string())
    }

    fn serialize_str(self, text: &str) -> Result<Value, Refused> {
        Ok(value(Kind::StringValue(text.to_owned())))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Refused> {
        let mut list = self.serialize_seq(Some(bytes.len()))?;
        bytes.iter().try_for_each(|byte| list.serialize_element(byte))?;
        SerializeSeq::end(list)
    }

    fn serialize_none(self) -> Result<Value, Refused> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, some: &T) -> Result<Value, Refused> {
        some.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Refused> {
        Ok(value(Kind::NullValue(0)))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Refused> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Value, Refused> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        data: &T,
    ) -> Result<Value, Refused> {
        data.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        data: &T,
    ) -> Result<Value, Refused> {
        let levels = self.levels_below()?;
        Ok(variant(name, data.serialize(Writer { path: Path::Key(&self.path, name), levels })?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, Refused> {
        List::new(self, None)
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, Refused> {
        List::new(self, None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Refused> {
        List::new(self, None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<List<'a>, Refused> {
        List::new(self, Some(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'a>, Refused> {
        Object::new(self, None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>, Refused> {
        Object::new(self, None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Object<'a>, Refused> {
        Object::new(self, Some(name))
    }
}
