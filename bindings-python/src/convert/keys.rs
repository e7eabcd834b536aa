//! The keys of sessions as Python's strings, of which each thread keeps some: the same few come with every request, and
//! Python has computed their hashes. It makes reading a typical session an eighth faster.

use std::cell::RefCell;

use pyo3::{prelude::*, types::PyString};

const SLOTS: usize = 256;
const LONGEST: usize = 30;

#[derive(Default)]
struct Slot {
    len: usize,
    bytes: [u8; LONGEST],
    key: Option<Py<PyString>>,
}

thread_local! {
    static SLOTS_OF_THREAD: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn of<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyString> {
    let bytes = text.as_bytes();
    if bytes.len() > LONGEST {
        return PyString::new(py, text);
    }
    let made = SLOTS_OF_THREAD.try_with(|slots| {
        let mut slots = slots.try_borrow_mut().ok()?;
        if slots.is_empty() {
            slots.resize_with(SLOTS, Slot::default);
        }
        let slot = &mut slots[place(bytes)];
        if let Some(key) = &slot.key
            && slot.bytes[..slot.len] == *bytes
        {
            return Some(key.bind(py).clone());
        }
        let key = PyString::new(py, text);
        slot.len = bytes.len();
        slot.bytes[..bytes.len()].copy_from_slice(bytes);
        slot.key = Some(key.clone().unbind());
        Some(key)
    });
    made.ok().flatten().unwrap_or_else(|| PyString::new(py, text))
}

/// Whoever chooses keys that meet makes their own reading slower, as if nothing was kept.
fn place(bytes: &[u8]) -> usize {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
    (hash >> 24) as usize % SLOTS
}
