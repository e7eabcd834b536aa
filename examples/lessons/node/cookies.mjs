// The lessons about cookies that the server sets.
import { onTheServer } from './lesson.mjs'

const minute = 60 * 1000
const day = 24 * 60 * minute

function setACookie(_, res) {
  res.cookie('colour', 'plum')
  res.send('Here is a cookie.')
}

function setTwoCookies(_, res) {
  res.cookie('colour', 'plum')
  res.cookie('size', 'large')
  res.send('Here are two cookies.')
}

function readOneCookie(req, res) {
  const { colour } = req.cookies
  res.send(`The colour is ${colour}.`)
}

function readAllCookies(req, res) {
  res.json(req.cookies)
}

function deleteTheCookie(_, res) {
  res.clearCookie('colour')
  res.send('The cookie is gone.')
}

function deleteItByHand(_, res) {
  res.cookie('colour', '', { maxAge: 0 })
  res.send('The cookie is gone.')
}

function deleteWithAnotherPath(_, res) {
  res.clearCookie('colour', { path: '/elsewhere' })
  res.send('This deletes another cookie, which is not there.')
}

function keepItForAMinute(_, res) {
  res.cookie('colour', 'plum', { maxAge: minute })
  res.send('It is gone in a minute.')
}

function keepItForAWeek(_, res) {
  res.cookie('colour', 'plum', { maxAge: 7 * day })
  res.send('It is gone in a week.')
}

function keepItUntilTomorrow(_, res) {
  res.cookie('colour', 'plum', { expires: new Date(Date.now() + day) })
  res.send('It is gone tomorrow.')
}

function keepItUntilADateInText(_, res) {
  res.append('Set-Cookie', 'colour=plum; Path=/; Expires=Thu, 31 Dec 2099 23:59:59 GMT')
  res.send("It is gone at the end of 2099, or when the browser's own limit comes.")
}

function giveBoth(_, res) {
  res.append('Set-Cookie', 'colour=plum; Path=/; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
  res.send('One says an hour, the other says 1970.')
}

function giveBothToExpress(_, res) {
  res.cookie('colour', 'plum', { maxAge: 60 * minute, expires: new Date(0) })
  res.send('Express makes both of maxAge.')
}

function withoutAnEnd(_, res) {
  res.cookie('visit', 'today')
  res.send('It is gone when the browser closes.')
}

function withAnEnd(_, res) {
  res.cookie('language', 'en', { maxAge: 30 * day })
  res.send('It is there when the browser opens again.')
}

function onlyBelowShop(_, res) {
  res.cookie('basket', 'apples', { path: '/shop' })
  res.send("Pages below /shop get this cookie, others don't.")
}

function everywhere(_, res) {
  res.cookie('colour', 'plum', { path: '/' })
  res.send('Every page gets this cookie.')
}

function forThisHost(_, res) {
  res.cookie('here', 'yes')
  res.send('Only this host gets it.')
}

function withItsSubdomains(_, res) {
  res.cookie('family', 'yes', { domain: 'lessons.localhost' })
  res.send('lessons.localhost and www.lessons.localhost get it.')
}

function forAStranger(_, res) {
  res.cookie('stranger', 'yes', { domain: 'example.com' })
  res.send('The browser takes no cookie for another site.')
}

function overHttpsAlone(_, res) {
  res.cookie('colour', 'plum', { secure: true })
  res.send('It is sent over HTTPS alone.')
}

function overHttpToo(_, res) {
  res.cookie('size', 'large')
  res.send('It is sent without HTTPS too.')
}

function setAnOpenCookie(_, res) {
  res.cookie('open', 'apple')
  res.send('Scripts in the page can read it.')
}

function setAHiddenCookie(_, res) {
  res.cookie('hidden', 'pear', { httpOnly: true })
  res.send('No script can read it.')
}

function setLax(_, res) {
  res.cookie('lax', 'yes', { sameSite: 'lax' })
  res.send('It comes along with a link from another site, not with its forms.')
}

function setStrict(_, res) {
  res.cookie('strict', 'yes', { sameSite: 'strict' })
  res.send('It never comes along from another site.')
}

function setNone(_, res) {
  res.cookie('none', 'yes', { sameSite: 'none', secure: true })
  res.send('It always comes along. Browsers want secure with it.')
}

function byTheRules(_, res) {
  res.cookie('__Host-user', 'ada', { secure: true })
  res.send('The browser keeps it.')
}

function withoutSecure(_, res) {
  res.cookie('__Host-open', 'ada')
  res.send('The browser drops it.')
}

function withAPath(_, res) {
  res.cookie('__Host-path', 'ada', { secure: true, path: '/shop' })
  res.send('The browser drops it.')
}

function withADomain(_, res) {
  res.cookie('__Host-domain', 'ada', { secure: true, domain: 'lessons.localhost' })
  res.send('The browser drops it.')
}

function setAPartitionedCookie(_, res) {
  res.cookie('own', 'yes', { secure: true, sameSite: 'none', partitioned: true })
  res.send('The frame has it below this one site.')
}

function setOneForAllSites(_, res) {
  res.cookie('shared', 'yes', { secure: true, sameSite: 'none' })
  res.send('Many browsers drop it in a frame.')
}

export const lessons = [
  onTheServer(
    'set-a-cookie',
    'In Express call <code>res.cookie</code> with the name and the value, then answer.',
    [setACookie, setTwoCookies],
  ),
  onTheServer(
    'read-cookies',
    `Express has no reader of its own. The package <code>cookie-parser</code> makes the object
    <code>req.cookies</code>: <code>app.use(cookieParser())</code>.`,
    [setTwoCookies, readOneCookie, readAllCookies],
  ),
  onTheServer('delete-a-cookie', '<code>res.clearCookie</code> does just this.', [
    setACookie,
    deleteWithAnotherPath,
    deleteTheCookie,
    deleteItByHand,
  ]),
  onTheServer(
    'max-age',
    `In Express <code>maxAge</code> is in <strong>milliseconds</strong>. The header has seconds, and
    <code>Expires</code> too.`,
    [keepItForAMinute, keepItForAWeek],
  ),
  onTheServer('expires', 'Express takes a <code>Date</code>. A text you write into the header yourself.', [
    keepItUntilTomorrow,
    keepItUntilADateInText,
  ]),
  onTheServer(
    'max-age-and-expires',
    `In Express <code>maxAge</code> wins before anything is sent: <code>res.cookie</code> makes both of it, and drops
    the <code>expires</code> that you gave. So the first button writes the header itself.`,
    [giveBoth, giveBothToExpress],
  ),
  onTheServer('until-the-browser-closes', '', [withoutAnEnd, withAnEnd]),
  onTheServer(
    'path',
    'In Express the default is <code>/</code>: all pages of the site.',
    [onlyBelowShop, everywhere],
    { asks: '/browser /shop/browser' },
  ),
  onTheServer('domain', '', [forThisHost, withItsSubdomains, forAStranger]),
  onTheServer('secure', '', [overHttpsAlone, overHttpToo]),
  onTheServer(
    'httponly',
    'In Express the option is <code>httpOnly</code>.',
    [setAnOpenCookie, setAHiddenCookie],
    {
      page: ['readTheWhole', 'overwriteTheHiddenCookie'],
    },
  ),
  onTheServer('samesite', 'In Express the option is <code>sameSite</code>.', [setLax, setStrict, setNone]),
  onTheServer('host-prefix', '', [byTheRules, withoutSecure, withAPath, withADomain]),
  onTheServer('partitioned', '', [setAPartitionedCookie, setOneForAllSites]),
]
