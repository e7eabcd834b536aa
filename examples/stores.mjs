/** Where the sessions are kept: `sqlite:///sessions.db`, `mysql://…` (or SQLAlchemy's `mysql+pymysql://…`) or `redis://…`. */
export async function storeAt(url) {
  if (url.startsWith('redis')) {
    const { createClient } = await import('redis')
    const { RedisStore } = await import('shortcrust/stores/redis')
    return new RedisStore(await createClient({ url }).connect())
  }
  if (url.startsWith('mysql')) {
    const mysql = await import('mysql2/promise')
    const { MySQLStore } = await import('shortcrust/stores/mysql')
    const store = new MySQLStore(mysql.createPool(url.replace(/^mysql\+\w+/, 'mysql')))
    await store.createTables()
    return store
  }
  const { SQLiteStore } = await import('shortcrust/stores/sqlite')
  return new SQLiteStore(url.replace('sqlite:///', ''))
}
