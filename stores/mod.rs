//! What is said to Redis and SQL databases, once for both languages: the layout is in docs/record-v1.md. In SQL `:name`
//! stands for a value, each once in a statement, and the SQL is what `SQLite` (3.35), `PostgreSQL` and `MySQL` have in
//! common; what ends in a database's name is for that one. `shortcrust_session.key` is written so, since `key` alone is a
//! reserved word of `MySQL`'s.

macro_rules! statements {
    ($($name:literal),*) => { &[$(($name, include_str!($name))),*] };
}

/// By the name of the file.
pub(crate) const STATEMENTS: &[(&str, &str)] = statements![
    "redis/drop.lua",
    "redis/list.lua",
    "redis/load.lua",
    "redis/once.lua",
    "redis/owned.lua",
    "redis/read.lua",
    "redis/remove.lua",
    "redis/revoke.lua",
    "redis/swap_text.lua",
    "redis/write.lua",
    "sql/create.sql",
    "sql/create_mysql.sql",
    "sql/delete.sql",
    "sql/ended_mysql.sql",
    "sql/hold_mysql.sql",
    "sql/list.sql",
    "sql/load.sql",
    "sql/owned_mysql.sql",
    "sql/put.sql",
    "sql/put_mysql.sql",
    "sql/revoke.sql",
    "sql/revoke_mysql.sql",
    "sql/save.sql",
    "sql/sweep.sql",
    "sql/sweep_mysql.sql",
    "sql/sweep_postgresql.sql",
    "sql/tables.sql",
    "sql/tables_mysql.sql"
];
