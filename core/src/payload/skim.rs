//! JSON's grammar over a text of which nothing is built: some five times as fast as [`decode`](super::decode()), which
//! counts because each payload is checked both when it comes and when it goes.

use alloc::vec::Vec;
use core::ops::Range;

use super::{
    Tag,
    cursor::{Cursor, MAX_DEPTH, NumberKind},
    patch::is_hidden,
    scan::Facts,
    tree::Node,
};
use crate::error::Reason;

/// What stands in a text.
#[derive(Default)]
pub(super) struct Skimmed {
    pub(super) facts: Facts,
    /// An object that Flask's tags may make another of.
    pub(super) tag: bool,
    pub(super) is_object: bool,
}

/// A whole text. Why one is refused is for [`decode`](super::decode()) to say.
pub(super) fn skim(text: &str) -> Result<Skimmed, Reason> {
    let mut skimmer = Skimmer { cursor: Cursor::new(text), scratch: Vec::new(), found: Skimmed::default() };
    let containers = skimmer.value(0)?;
    skimmer.cursor.end()?;
    skimmer.found.is_object = text.trim_start().starts_with('{');
    skimmer.found.facts.nested = containers > 1;
    Ok(skimmer.found)
}

/// The entries of a document's object, each with its key and the place of its value; nothing is built of the values.
pub(crate) fn entries(
    text: &str,
    tags: bool,
    each: &mut dyn FnMut(&[u8], Range<usize>),
) -> Result<(), Reason> {
    let mut skimmer = Skimmer { cursor: Cursor::new(text), scratch: Vec::new(), found: Skimmed::default() };
    skimmer.cursor.expect(b'{')?;
    if skimmer.cursor.token() == Some(b'}') {
        skimmer.cursor.at += 1;
        return skimmer.cursor.end();
    }
    let mut key = Vec::new();
    loop {
        let name = skimmer.cursor.string(&mut key)?;
        if tags && Tag::of(name.bytes()).is_some() {
            return tagged_entries(text, each);
        }
        skimmer.cursor.expect(b':')?;
        skimmer.cursor.token();
        let start = skimmer.cursor.at;
        skimmer.value(1)?;
        each(name.bytes(), start..skimmer.cursor.at);
        match skimmer.cursor.token() {
            Some(b',') => skimmer.cursor.at += 1,
            _ => break,
        }
    }
    skimmer.cursor.expect(b'}')?;
    skimmer.cursor.end()
}

/// Of an object that may be none, or that is escaped.
fn tagged_entries(text: &str, each: &mut dyn FnMut(&[u8], Range<usize>)) -> Result<(), Reason> {
    let root = Node::parse_top(text, true)?;
    for entry in root.as_map().ok_or(Reason::NotAnObject)?.entries() {
        each(&entry.key, entry.value.range.clone());
    }
    Ok(())
}

struct Skimmer<'t> {
    cursor: Cursor<'t>,
    scratch: Vec<u8>,
    found: Skimmed,
}

/// Which of the open containers are objects, a bit each.
#[derive(Default)]
struct Open {
    objects: [u64; MAX_DEPTH.div_ceil(64)],
    depth: usize,
}

impl Open {
    fn push(&mut self, is_object: bool, outside: usize) -> Result<(), Reason> {
        if self.depth + outside >= MAX_DEPTH {
            return Err(Reason::TooLarge);
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.objects[word] = self.objects[word] & !(1 << bit) | u64::from(is_object) << bit;
        self.depth += 1;
        Ok(())
    }

    fn is_object(&self) -> bool {
        let at = self.depth - 1;
        self.objects[at / 64] >> (at % 64) & 1 == 1
    }
}

impl Skimmer<'_> {
    /// One value, below so many containers, and how many containers are in it.
    fn value(&mut self, outside: usize) -> Result<usize, Reason> {
        let (mut open, mut containers) = (Open::default(), 0);
        loop {
            let first = self.cursor.token().ok_or(Reason::Malformed)?;
            match first {
                b'"' => self.cursor.skip_string(&mut self.scratch)?,
                b'{' | b'[' => {
                    let is_object = first == b'{';
                    containers += 1;
                    open.push(is_object, outside)?;
                    self.cursor.at += 1;
                    if self.cursor.token() == Some(if is_object { b'}' } else { b']' }) {
                        self.cursor.at += 1;
                        open.depth -= 1;
                    } else {
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b't' => self.cursor.word("true")?,
                b'f' => self.cursor.word("false")?,
                b'n' => self.cursor.word("null")?,
                _ => self.number()?,
            }
            if !self.goes_on(&mut open)? {
                return Ok(containers);
            }
        }
    }

    /// Behind a value: whether another one comes.
    fn goes_on(&mut self, open: &mut Open) -> Result<bool, Reason> {
        while open.depth > 0 {
            let is_object = open.is_object();
            match (self.cursor.token(), is_object) {
                (Some(b','), _) => {
                    self.cursor.at += 1;
                    if is_object {
                        self.key()?;
                    }
                    return Ok(true);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.cursor.at += 1;
                    open.depth -= 1;
                }
                _ => return Err(Reason::Malformed),
            }
        }
        Ok(false)
    }

    fn key(&mut self) -> Result<(), Reason> {
        let text = self.cursor.string(&mut self.scratch)?;
        // Tags begin with a space, and what is hidden with an underscore.
        if let Some(b' ' | b'_') = text.bytes().first() {
            let is_tag = Tag::of(text.bytes()).is_some();
            self.found.tag |= is_tag;
            self.found.facts.special |= is_tag || is_hidden(text.bytes());
        }
        self.cursor.expect(b':')
    }

    fn number(&mut self) -> Result<(), Reason> {
        let (text, kind) = self.cursor.number()?;
        // Only so many digits, or an exponent, make a number over the largest one.
        if kind == NumberKind::Float && (text.len() > 300 || text.bytes().any(|it| it | 0x20 > b'9')) {
            let value: f64 = text.parse().map_err(|_| Reason::Malformed)?;
            self.found.facts.non_finite |= !value.is_finite();
        }
        Ok(())
    }
}
