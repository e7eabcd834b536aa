//! The verbs and their options, once for both languages: hosts build their parsers from this table.

use super::json::Json;
use alloc::string::String;

/// A verb of the tool.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// One word, or two: `sessions list`.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The word for its argument, and what it is. Empty where it has none.
    pub argument: (&'static str, &'static str),
    /// In the order of the help.
    pub options: &'static [&'static [Opt]],
    /// Another line of the help.
    pub note: &'static str,
}

/// An option of a verb.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Without its dashes.
    pub name: &'static str,
    /// The word for its value; empty for a flag.
    pub value: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
}

const fn opt(name: &'static str, value: &'static str, about: &'static str) -> Opt {
    Opt { name, value, about }
}

const OUTPUT: &[Opt] = &[
    opt("json", "", "print one line of JSON"),
    opt("color", "WHEN", "auto (the default: on a terminal), always or never"),
];

const SECRETS: &[Opt] = &[
    opt("secret-file", "FILE", "secrets, one a line, the newest first; hex: or base64: in front says bytes"),
    opt("secret-env", "NAME", "the variable that has them so; default SHORTCRUST_SECRETS"),
    opt("ask-secret", "", "ask for one secret on the terminal"),
];

const COOKIE: &[Opt] = &[
    opt("name", "NAME", "the cookie's name; sealed and keygrip bind a cookie to it"),
    opt("format", "FORMAT", "the format; without it the looks and the secrets decide"),
];

const FORMAT: &[Opt] = &[
    opt("audience", "TEXT", "the audience of sealed"),
    opt("salt", "TEXT", "the salt of flask, django or flask-session"),
    opt("digest", "NAME", "the digest of flask or django: sha1, sha256, sha384, sha512"),
    opt("key-derivation", "NAME", "of flask: concat, django-concat, hmac, none"),
];

const TIMES: &[Opt] = &[
    opt("idle", "SPAN", "the lifetime since the token was made, such as 90, 30m, 12h, 14d"),
    opt("absolute", "SPAN", "the lifetime since the session began"),
    opt("skew", "SPAN", "how far clocks may differ; default 60s"),
    opt("now", "TIME", "the time to check at, such as 2026-01-31T12:00:00Z; default now"),
];

const MINT: &[Opt] = &[
    opt("name", "NAME", "the cookie's name; default session"),
    opt("format", "FORMAT", "the format; default sealed"),
    opt("user", "USER", "whose session it is, in sealed"),
];

const CONVERT: &[Opt] = &[
    opt("to", "FORMAT", "the new format; default sealed"),
    opt("to-name", "NAME", "the new name; default the old one"),
    opt("to-audience", "TEXT", "the new audience, for sealed"),
    opt("to-salt", "TEXT", "the new salt"),
    opt("to-secret-file", "FILE", "the new secrets; default the same"),
    opt("to-secret-env", "NAME", "the variable that has the new secrets"),
];

const KEYGEN: &[Opt] = &[
    opt("bytes", "NUMBER", "how many random bytes, 16 to 1024; default 32"),
    opt("encoding", "NAME", "hex (the default) or base64"),
];

const SWEEP: &[Opt] =
    &[opt("limit", "NUMBER", "at most so many at a time; default 1000, until none is left")];

const USER: &[Opt] = &[
    opt("user", "USER", "whose sessions, as login was told"),
    opt("name", "NAME", "the cookie's name; default session"),
    opt("audience", "TEXT", "the front's audience"),
    opt("namespace", "TEXT", "the front's namespace"),
];

const REVOKE: &[Opt] = &[opt("keep", "HANDLE", "the session that stays, by its handle in the list")];

const DOCTOR: &[Opt] = &[
    opt("path", "PATH", "the page to ask an application for; default /"),
    opt("name", "NAME", "look at the cookie of this name alone"),
    opt("proxy", "", "ask an application as a proxy that ends https does, too"),
];

const STORE: (&str, &str) =
    ("STORE", "redis://, postgresql://, mysql://, sqlite:///FILE, file:///FOLDER or memcached://");
const VALUE: (&str, &str) =
    ("COOKIE", "a value, name=value, or the lines of a Cookie or Set-Cookie header; - reads them");

/// All verbs, in the order of the help.
pub const VERBS: [Verb; 10] = [
    Verb {
        name: "inspect",
        about: "say what a cookie is, what is in it, and which checks fail",
        argument: VALUE,
        options: &[COOKIE, SECRETS, FORMAT, TIMES, OUTPUT],
        note: "Without a secret it says what can be seen; that may be forged.",
    },
    Verb {
        name: "verify",
        about: "say in a line whether a cookie is accepted",
        argument: VALUE,
        options: &[COOKIE, SECRETS, FORMAT, TIMES, OUTPUT],
        note: "Needs the secrets.",
    },
    Verb {
        name: "mint",
        about: "make a cookie",
        argument: ("PAYLOAD", "a JSON object, or the id for a format that carries one; - reads it"),
        options: &[MINT, SECRETS, FORMAT, TIMES, OUTPUT],
        note: "Prints a Cookie header: curl --cookie \"$(shortcrust mint '{\"a\":1}')\".",
    },
    Verb {
        name: "convert",
        about: "turn a cookie of one format into another",
        argument: VALUE,
        options: &[CONVERT, COOKIE, SECRETS, FORMAT, TIMES, OUTPUT],
        note: "The times stay, so a session does not live longer by it.",
    },
    Verb {
        name: "keygen",
        about: "make a secret",
        argument: ("", ""),
        options: &[KEYGEN, &[OUTPUT[0]]],
        note: "The one verb that prints a secret: let it go into a file.",
    },
    Verb {
        name: "sweep",
        about: "remove the sessions that ended from a store",
        argument: STORE,
        options: &[SWEEP, OUTPUT],
        note: "",
    },
    Verb {
        name: "sessions list",
        about: "list a user's sessions in a store",
        argument: STORE,
        options: &[USER, OUTPUT],
        note: "A handle opens no session.",
    },
    Verb {
        name: "sessions revoke",
        about: "end a user's sessions in a store",
        argument: STORE,
        options: &[USER, REVOKE, OUTPUT],
        note: "",
    },
    Verb {
        name: "doctor",
        about: "say what browsers, proxies and caches will do with an application's cookies",
        argument: ("URL|MODULE:APP", "a page, or an application that the tool starts itself"),
        options: &[DOCTOR, OUTPUT],
        note: "",
    },
    Verb {
        name: "completion",
        about: "print the completion script of a shell",
        argument: ("SHELL", "bash, zsh or fish"),
        options: &[],
        note: "",
    },
];

impl Verb {
    /// The verb of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        VERBS.iter().find(|verb| verb.name == name)
    }

    /// Its options, one by one.
    pub fn each(&self) -> impl Iterator<Item = &'static Opt> {
        self.options.iter().flat_map(|group| group.iter())
    }
}

/// The table as JSON, for hosts: `[{"verb", "argument", "options": [{"name", "value"}]}]`. `value` is null for a flag.
pub fn table() -> String {
    let mut json = Json::new();
    json.object(|json| {
        json.list("verbs", VERBS.iter(), |json, verb| {
            json.object(|json| {
                json.text("verb", Some(verb.name));
                json.text("argument", Some(verb.argument.0).filter(|word| !word.is_empty()));
                json.list("options", verb.each(), |json, option| {
                    json.object(|json| {
                        json.text("name", Some(option.name));
                        json.text("value", Some(option.value).filter(|word| !word.is_empty()));
                    });
                });
            });
        });
    });
    json.finish()
}
