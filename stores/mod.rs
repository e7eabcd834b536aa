//! What is said to Redis and SQL databases, once for both languages: the layout is in docs/record-v1.md. In SQL `:name`
//! stands for a value, each once in a statement, and the SQL is what `SQLite` (3.35) and `PostgreSQL` have in common.

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
    "sql/delete.sql",
    "sql/list.sql",
    "sql/load.sql",
    "sql/put.sql",
    "sql/revoke.sql",
    "sql/save.sql",
    "sql/sweep.sql",
    "sql/sweep_postgresql.sql",
    "sql/tables.sql"
];
