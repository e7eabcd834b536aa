// The servers that `make services` starts, or that the environment names.

/** Whose URL is in REDIS_URL. */
export const REDIS = service('REDIS_URL', 'redis-server')
/** Whose first node's URL is in REDIS_CLUSTER_URL. */
export const REDIS_CLUSTER = service('REDIS_CLUSTER_URL', 'redis-server')
/** Whose first sentinel's URL is in REDIS_SENTINEL_URL; the master is named `main`. */
export const REDIS_SENTINEL = service('REDIS_SENTINEL_URL', 'redis-server')
/** Whose URL is in POSTGRES_URL. */
export const POSTGRES = service('POSTGRES_URL', 'postgres')
/** Whose URL is in MARIADB_URL. */
export const MARIADB = service('MARIADB_URL', 'mariadbd')
/** Whose URL is in MEMCACHED_URL. */
export const MEMCACHED = service('MEMCACHED_URL', 'memcached')
/** Whose URL is in DYNAMODB_URL. */
export const DYNAMODB = service('DYNAMODB_URL', 'dynalite')

/** `skip` goes into a test's options; in CI the test runs, and asking for `url` fails it. */
function service(variable, program) {
  const named = process.env[variable]
  const reason = `${program} is not there: INSTALL=1 make services`
  return {
    skip: named || process.env.CI ? false : reason,
    get url() {
      if (!named) throw new Error(reason)
      return named
    },
  }
}
