// The lessons that run in the page. Each function is shown as it stands here.

export function setACookie() {
  document.cookie = 'colour=plum'
}

export function setAnother() {
  document.cookie = 'size=large'
}

export function setItForADay() {
  document.cookie = 'colour=plum; max-age=86400'
}

export function setItUntilADate() {
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000)
  document.cookie = `colour=plum; expires=${tomorrow.toUTCString()}`
}

export function readTheWhole() {
  return document.cookie
}

export function readByName() {
  for (const one of document.cookie.split('; ')) {
    const [name, value] = one.split('=')
    if (name === 'colour') return decodeURIComponent(value)
  }
  return 'There is no cookie of this name.'
}

export function setAStrangeValue() {
  document.cookie = `colour=${encodeURIComponent('blue; green')}`
}

export function deleteByAPastDate() {
  document.cookie = 'colour=; expires=Thu, 01 Jan 1970 00:00:00 GMT'
}

export function deleteWithAnotherPath() {
  document.cookie = 'colour=; path=/elsewhere; expires=Thu, 01 Jan 1970 00:00:00 GMT'
}

export function overwriteTheHiddenCookie() {
  document.cookie = 'hidden=changed; path=/'
}

export async function setWithTheCookieStore() {
  await cookieStore.set({ name: 'colour', value: 'plum', expires: Date.now() + 60_000 })
}

export async function getWithTheCookieStore() {
  const cookie = await cookieStore.get('colour')
  return cookie ? cookie.value : 'There is no cookie of this name.'
}

export async function getAllWithTheCookieStore() {
  const cookies = await cookieStore.getAll()
  return cookies.map(({ name, value }) => `${name} is ${value}`).join(', ')
}

export async function deleteWithTheCookieStore() {
  await cookieStore.delete('colour')
}

export async function waitForAChange() {
  const change = new Promise((seen) => cookieStore.addEventListener('change', seen, { once: true }))
  document.cookie = `seen=${Date.now()}`
  const { changed } = await change
  return `${changed[0].name} was changed.`
}

export function setABigCookie() {
  document.cookie = `big=${'x'.repeat(4093)}`
  return `${'big='.length - 1 + 4093} bytes of name and value`
}

export function setOneByteMore() {
  document.cookie = `toobig=${'x'.repeat(4091)}`
  return `${'toobig='.length - 1 + 4091} bytes of name and value`
}
