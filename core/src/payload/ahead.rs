//! Whether an object's first key is its only one, which decides if it is a tag.

use alloc::vec::Vec;

use super::{
    Tag,
    cursor::{Cursor, MAX_DEPTH},
};
use crate::error::Reason;

/// What was found by looking ahead. Tags nest, so each stretch of the text is looked at once and what is found for the
/// inner ones is kept; else the work would be depth times size.
#[derive(Default)]
pub(super) struct Ahead {
    /// Objects whose first key looks like a tag, by the place of that key's value, in the text's order.
    found: Vec<Candidate>,
    /// Those before it have been asked for.
    next: usize,
    /// Up to where the text was looked at.
    until: usize,
}

struct Candidate {
    at: usize,
    alone: bool,
}

/// A bracket that is open, and the candidate that it is, if it is one.
struct Open {
    candidate: Option<usize>,
}

impl Ahead {
    /// Whether the object ends behind the value at which the cursor stands. In a text that is no JSON the answer may
    /// be wrong: it is refused either way.
    pub(super) fn is_alone(&mut self, cursor: &Cursor<'_>) -> bool {
        if cursor.at >= self.until {
            self.look(cursor.clone());
        }
        let skipped = self.found[self.next..].iter().take_while(|candidate| candidate.at < cursor.at).count();
        self.next += skipped;
        self.found.get(self.next).is_some_and(|candidate| candidate.at == cursor.at && candidate.alone)
    }

    /// From the value of a candidate's first key to the end of that object.
    fn look(&mut self, mut cursor: Cursor<'_>) {
        self.found.clear();
        self.next = 0;
        let mut scratch = Vec::new();
        let mut open = Vec::new();
        open.push(self.candidate(cursor.at));
        while !open.is_empty() && self.step(&mut cursor, &mut open, &mut scratch).is_ok() {}
        // Where it stopped early there is a fault at which the decoder ends too.
        self.until = if open.is_empty() { cursor.at } else { usize::MAX };
    }

    fn candidate(&mut self, at: usize) -> Open {
        self.found.push(Candidate { at, alone: false });
        Open { candidate: Some(self.found.len() - 1) }
    }

    fn step(
        &mut self,
        cursor: &mut Cursor<'_>,
        open: &mut Vec<Open>,
        scratch: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        match cursor.token().ok_or(Reason::Malformed)? {
            b'"' => return cursor.string(scratch).map(drop),
            b'[' | b'{' if open.len() == MAX_DEPTH => return Err(Reason::TooLarge),
            b'[' => open.push(Open { candidate: None }),
            b'{' => {
                cursor.at += 1;
                let opened = self.opened(cursor, scratch)?;
                open.push(opened);
                return Ok(());
            }
            b',' => {
                if let Some(innermost) = open.last_mut() {
                    innermost.candidate = None;
                }
            }
            b']' | b'}' => {
                if let Some(Open { candidate: Some(at) }) = open.pop() {
                    self.found[at].alone = true;
                }
            }
            _ => {}
        }
        cursor.at += 1;
        Ok(())
    }

    /// An object's first key tells whether it is a candidate.
    fn opened(&mut self, cursor: &mut Cursor<'_>, scratch: &mut Vec<u8>) -> Result<Open, Reason> {
        if cursor.token() != Some(b'"') {
            return Ok(Open { candidate: None });
        }
        let is_tag = Tag::of(cursor.string(scratch)?.bytes()).is_some();
        cursor.expect(b':')?;
        Ok(if is_tag { self.candidate(cursor.at) } else { Open { candidate: None } })
    }
}
