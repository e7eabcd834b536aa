//! The native half of the Python package: takes Python's values, calls the core, gives Python's values back.

mod ambient;
mod codec;
mod convert;
mod error;
mod left;
mod options;
mod session;
#[path = "../../stores/mod.rs"]
mod statements;
mod store;
mod tool;

#[pyo3::pymodule]
mod _core {
    use std::collections::BTreeMap;

    use pyo3::prelude::*;

    #[pymodule_export]
    const LEAST_DJANGO_SECRET: usize = shortcrust::format::Django::LEAST_SECRET;
    #[pymodule_export]
    const LEAST_FLASK_SECRET: usize = shortcrust::format::Flask::LEAST_SECRET;
    #[pymodule_export]
    const LEAST_ID_BYTES: usize = shortcrust::format::Id::LEAST_BYTES;
    #[pymodule_export]
    const MOST_ID_BYTES: usize = shortcrust::format::Id::MOST_BYTES;
    #[pymodule_export]
    const MAX_PAYLOAD: usize = shortcrust::format::MAX_PAYLOAD;
    #[pymodule_export]
    const MAX_RECORD: usize = shortcrust::format::MAX_RECORD;
    #[pymodule_export]
    const MAX_TOKEN: usize = shortcrust::format::MAX_TOKEN;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::{
        codec::{
            Codec, NativeDjangoSigner, NativeSigner, dump_json, dump_packed, dump_tagged, load_json,
            load_packed,
        },
        session::{Closed, Engine, Session},
        store::{
            MergeRules, NativeAction, Wait, new_record, record_info, record_key, record_payload, revoke_all,
            row_record, save, user_index,
        },
        tool::{
            encoded_secret, tool_doctor, tool_help, tool_listing, tool_misuse, tool_removed, tool_run,
            tool_table, tool_user_index,
        },
    };

    /// Types are looked up before the application can patch them, as freezegun does with `datetime`.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module
            .add("STATEMENTS", crate::statements::STATEMENTS.iter().copied().collect::<BTreeMap<_, _>>())?;
        crate::convert::prepare(module.py())
    }
}
