// Runs the steps of a lesson without leaving its page, and shows what the browser has then.
import * as inPage from './in_page.js'

const cookies = document.querySelector('#cookies')
const { asks } = document.querySelector('.browser').dataset

/** An element with text in it, which is never read as HTML. */
function made(tag, text, attributes = {}) {
  const element = document.createElement(tag)
  element.textContent = text
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

/** A value of 4,000 bytes says no more than its first hundred. */
function short(text, most = 600) {
  return text.length > most ? `${text.slice(0, 100)}… (${text.length} characters)` : text
}

function split(header) {
  return header === '' ? [] : header.split('; ')
}

/** Asks the browser for its cookies: it sends them itself, those too that no script can read. */
async function look() {
  const readable = split(document.cookie)
  const found = []
  for (const path of asks.split(' ')) {
    const header = await (await fetch(path, { cache: 'no-store' })).text()
    found.push(...table(path, split(header), readable))
  }
  cookies.replaceChildren(...found)
}

function table(path, sent, readable) {
  const where = asks.includes(' ') ? ` to ${path.replace(/browser$/, '')}` : ''
  if (sent.length === 0) return [made('p', `It sends no cookie${where}.`)]
  const rows = sent.map((one) => {
    const row = document.createElement('tr')
    const at = one.indexOf('=')
    row.append(
      made('th', one.slice(0, at), { scope: 'row' }),
      made('td', short(one.slice(at + 1), 120)),
      made('td', readable.includes(one) ? 'yes' : 'no'),
    )
    return row
  })
  const head = document.createElement('tr')
  for (const title of ['Name', 'Value', 'Scripts read it']) head.append(made('th', title, { scope: 'col' }))
  const whole = document.createElement('table')
  whole.append(made('caption', `It sends${where}`), head, ...rows)
  return [whole]
}

function show(output, parts) {
  const list = document.createElement('dl')
  for (const [title, text] of parts) list.append(made('dt', title), made('dd', short(text)))
  output.replaceChildren(list)
}

async function send(form) {
  const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  const sent = JSON.parse(answer.headers.get('X-Set-Cookie') ?? '[]')
  return [
    [answer.ok ? 'The server answers' : `The server answers with ${answer.status}`, await answer.text()],
    ...(sent.length > 0 ? sent : ['none']).map((line) => ['Set-Cookie', line.trim()]),
  ]
}

async function run(step) {
  try {
    return [['The function gives', String((await step()) ?? 'nothing')]]
  } catch (error) {
    return [['The function throws', String(error)]]
  }
}

/** `setACookie` is "Set a cookie". */
function label(name) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words[0].toUpperCase() + words.slice(1)
}

for (const form of document.querySelectorAll('.step')) {
  const name = form.dataset.runs
  if (name) {
    const code = made('pre', '', { tabindex: 0, role: 'group', 'aria-label': `Code of ${label(name)}` })
    code.append(made('code', inPage[name].toString()))
    const side = document.createElement('div')
    side.append(made('button', label(name)), code)
    form.append(side, made('output', '', { 'aria-label': `Effect of ${label(name)}` }))
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const effect = await (name ? run(inPage[name]) : send(form))
    await look()
    show(form.querySelector('output'), effect)
  })
}

document.querySelector('#forget').addEventListener('submit', async (event) => {
  event.preventDefault()
  await send(event.target)
  await look()
})

await look()
document.body.dataset.ready = ''
