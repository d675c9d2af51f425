//! Lists and objects for `writer.rs`.

use std::collections::BTreeMap;

use prost_types::{ListValue, Struct, Value, value::Kind};
use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::writer::{Path, Refused, Writer, value, variant};

/// A list, or an enum's variant that holds one.
pub(super) struct List<'a> {
    place: Place<'a>,
    values: Vec<Value>,
}

/// An object, or an enum's variant that holds one.
pub(super) struct Object<'a> {
    place: Place<'a>,
    key: Option<String>,
    fields: BTreeMap<String, Value>,
}

/// Where the parts of a list or an object are.
struct Place<'a> {
    path: Path<'a>,
    variant: Option<&'static str>,
    levels: usize,
}

impl<'a> Place<'a> {
    fn new(writer: Writer<'a>, variant: Option<&'static str>) -> Result<Self, Refused> {
        let mut levels = writer.levels_below()?;
        if variant.is_some() {
            levels = Writer { levels, ..writer }.levels_below()?;
        }
        Ok(Self { path: writer.path, variant, levels })
    }

    /// Call `with` with the path of what holds the parts.
    fn part<T>(&self, with: impl FnOnce(&Path<'_>) -> T) -> T {
        match self.variant {
            None => with(&self.path),
            Some(name) => with(&Path::Key(&self.path, name)),
        }
    }

    fn end(&self, kind: Kind) -> Value {
        match self.variant {
            None => value(kind),
            Some(name) => variant(name, value(kind)),
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn new(writer: Writer<'a>, variant: Option<&'static str>) -> Result<Self, Refused> {
        Ok(Self { place: Place::new(writer, variant)?, values: Vec::new() })
    }

    fn add<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Refused> {
        let (index, levels) = (self.values.len(), self.place.levels);
        let made = self.place.part(|list| item.serialize(Writer { path: Path::Item(list, index), levels }));
        self.values.push(made?);
        Ok(())
    }

    fn done(self) -> Value {
        self.place.end(Kind::ListValue(ListValue { values: self.values }))
    }
}

impl<'a> Object<'a> {
    pub(super) fn new(writer: Writer<'a>, variant: Option<&'static str>) -> Result<Self, Refused> {
        Ok(Self { place: Place::new(writer, variant)?, key: None, fields: BTreeMap::new() })
    }

    fn add<T: Serialize + ?Sized>(&mut self, key: String, item: &T) -> Result<(), Refused> {
        let levels = self.place.levels;
        let made = self.place.part(|object| item.serialize(Writer { path: Path::Key(object, &key), levels }));
        self.fields.insert(key, made?);
        Ok(())
    }

    fn done(self) -> Value {
        self.place.end(Kind::StructValue(Struct { fields: self.fields }))
    }

    /// As serde_json has it: besides texts, whatever is written as one word.
    fn key_of<T: Serialize + ?Sized>(&self, key: &T) -> Result<String, Refused> {
        match serde_json::to_value(key) {
            Ok(serde_json::Value::String(key)) => Ok(key),
            Ok(key @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => Ok(key.to_string()),
            _ => Err(Refused::Here(format!("{} has a key that is no text.", self.place.path))),
        }
    }
}

/// Makes a trait of serde of `List::add` and `List::done`.
macro_rules! list {
    ($($trait:ident::$method:ident)*) => {$(
        impl $trait for List<'_> {
            type Ok = Value;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Refused> {
                self.add(item)
            }

            fn end(self) -> Result<Value, Refused> {
                Ok(self.done())
            }
        }
    )*};
}

list! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

/// Makes a trait of serde of `Object::add` and `Object::done`.
macro_rules! object {
    ($($trait:ident)*) => {$(
        impl $trait for Object<'_> {
            type Ok = Value;
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, item: &T) -> Result<(), Refused> {
                self.add(key.to_owned(), item)
            }

            fn end(self) -> Result<Value, Refused> {
                Ok(self.done())
            }
        }
    )*};
}

object! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Object<'_> {
    type Ok = Value;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = Some(self.key_of(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Refused> {
        // serde promises that a key came first.
        let key = self.key.take().unwrap_or_default();
        self.add(key, item)
    }

    fn end(self) -> Result<Value, Refused> {
        Ok(self.done())
    }
}
