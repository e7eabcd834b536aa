//! What the targets compare with: a document as values, built and written without any of the core's own trees.

use std::{collections::BTreeMap, convert::Infallible};

use shortcrust::{
    Reason, UnixMillis,
    payload::{DecodeError, Dialect, Sink, Text, Writer, decode, is_hidden},
};

/// A value as Python knows it.
#[derive(Clone, Debug)]
pub enum Value {
    Bool(bool),
    Bytes(Vec<u8>),
    Datetime(UnixMillis),
    Float(f64),
    Int(String),
    List(Vec<Value>),
    Map(Map),
    Markup(Vec<u8>),
    Null,
    Text(Vec<u8>),
    Tuple(Vec<Value>),
    Uuid([u8; 16]),
}

pub type Map = BTreeMap<Vec<u8>, Value>;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Datetime(a), Self::Datetime(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || a.is_nan() && b.is_nan(),
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b))
            | (Self::Markup(a), Self::Markup(b))
            | (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Null, Self::Null) => true,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// What the text says.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, Reason> {
        decode(text, dialect == Dialect::Tagged, &mut Builder).map_err(|error| match error {
            DecodeError::Text(reason) => reason,
            DecodeError::Sink(never) => match never {},
        })
    }

    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// As the core writes it.
    pub fn write(&self, tagged: bool) -> String {
        let mut writer = Writer::new(true);
        self.write_into(&mut writer, tagged);
        writer.finish()
    }

    fn write_into(&self, out: &mut Writer, tagged: bool) {
        match self {
            Self::Bool(value) => out.bool(*value),
            Self::Bytes(bytes) => out.bytes(bytes),
            Self::Datetime(time) => assert!(out.datetime(*time)),
            Self::Float(value) => out.float(*value),
            Self::Int(digits) => out.raw(digits),
            Self::List(items) => {
                out.begin_list();
                items.iter().for_each(|item| item.write_into(out, tagged));
                out.end_list();
            }
            Self::Map(map) => {
                let only_key = map.keys().next().filter(|_| tagged && map.len() == 1);
                let scope = out.begin_map(only_key.map(|key| Text::from(key.as_slice())));
                for (key, value) in map {
                    out.key(scope, Text::from(key.as_slice()));
                    value.write_into(out, tagged);
                }
                out.end_map(scope);
            }
            Self::Markup(text) => out.markup(Text::from(text.as_slice())),
            Self::Null => out.null(),
            Self::Text(text) => out.text(Text::from(text.as_slice())),
            Self::Tuple(items) => {
                out.begin_tuple();
                items.iter().for_each(|item| item.write_into(out, tagged));
                out.end_tuple();
            }
            Self::Uuid(uuid) => out.uuid(&format!("{:032x}", u128::from_be_bytes(*uuid))),
        }
    }

    /// As JavaScript sees it: one kind of number, none that is not finite, no hidden key.
    pub fn in_javascript(self) -> Self {
        match self {
            Self::Float(value) if !value.is_finite() => Self::Null,
            Self::Int(digits) => Self::Float(digits.parse().unwrap_or(f64::NAN)).in_javascript_number(),
            Self::List(items) => Self::List(items.into_iter().map(Self::in_javascript).collect()),
            Self::Map(map) => Self::Map(
                map.into_iter()
                    .filter(|(key, _)| !is_hidden(key))
                    .map(|(key, value)| (key, value.in_javascript()))
                    .collect(),
            ),
            value => value,
        }
    }

    fn in_javascript_number(self) -> Self {
        match self {
            Self::Float(value) if !value.is_finite() => Self::Null,
            value => value,
        }
    }
}

struct Builder;

type Built = Result<Value, Infallible>;

impl Sink for Builder {
    type Value = Value;
    type Key = Vec<u8>;
    type List = Vec<Value>;
    type Map = Map;
    type Error = Infallible;

    fn null(&mut self) -> Built {
        Ok(Value::Null)
    }
    fn bool(&mut self, value: bool) -> Built {
        Ok(Value::Bool(value))
    }
    fn int(&mut self, digits: &str) -> Built {
        Ok(Value::Int(digits.to_owned()))
    }
    fn float(&mut self, value: f64) -> Built {
        Ok(Value::Float(value))
    }
    fn text(&mut self, text: Text<'_>) -> Built {
        Ok(Value::Text(text.bytes().to_vec()))
    }
    fn list(&mut self) -> Result<Vec<Value>, Infallible> {
        Ok(Vec::new())
    }
    fn push(&mut self, list: &mut Vec<Value>, value: Value) -> Result<(), Infallible> {
        list.push(value);
        Ok(())
    }
    fn end_list(&mut self, list: Vec<Value>) -> Built {
        Ok(Value::List(list))
    }
    fn end_tuple(&mut self, list: Vec<Value>) -> Built {
        Ok(Value::Tuple(list))
    }
    fn map(&mut self) -> Result<Map, Infallible> {
        Ok(Map::new())
    }
    fn key(&mut self, key: Text<'_>) -> Result<Vec<u8>, Infallible> {
        Ok(key.bytes().to_vec())
    }
    fn insert(&mut self, map: &mut Map, key: Vec<u8>, value: Value) -> Result<(), Infallible> {
        map.insert(key, value);
        Ok(())
    }
    fn end_map(&mut self, map: Map) -> Built {
        Ok(Value::Map(map))
    }
    fn bytes(&mut self, bytes: &[u8]) -> Built {
        Ok(Value::Bytes(bytes.to_vec()))
    }
    fn markup(&mut self, text: Text<'_>) -> Built {
        Ok(Value::Markup(text.bytes().to_vec()))
    }
    fn uuid(&mut self, uuid: [u8; 16]) -> Built {
        Ok(Value::Uuid(uuid))
    }
    fn datetime(&mut self, text: Text<'_>, time: Option<UnixMillis>) -> Built {
        Ok(time.map_or_else(|| Value::Text(text.bytes().to_vec()), Value::Datetime))
    }
}

/// The parts of an input, which stand in lines; what is not there is empty.
pub fn parts<const N: usize>(input: &[u8]) -> Option<[&str; N]> {
    let text = std::str::from_utf8(input).ok()?;
    let mut lines = text.splitn(N, '\n');
    Some([(); N].map(|()| lines.next().unwrap_or("")))
}
