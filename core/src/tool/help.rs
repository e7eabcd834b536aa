//! Help and completion scripts, from the table of verbs.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

use super::verbs::{Opt, VERBS, Verb};

/// The help of a verb; of the tool itself where there is none of that name.
pub fn help(verb: &str) -> String {
    Verb::named(verb).map_or_else(all, one)
}

fn all() -> String {
    let mut out = String::from(
        "Session cookies: what they are, why they are refused, and new ones.\n\nusage: shortcrust VERB ...\n\n",
    );
    for verb in &VERBS {
        let _ = writeln!(out, "  {:<16} {}", verb.name, verb.about);
    }
    out.push_str(
        "\n  --help           this, or the options of a verb\n  --version        the version\n\n\
         It ends with 0 if all is well, 1 if a cookie is refused or something was found, 2 if it was called wrongly.\n",
    );
    out
}

fn one(verb: &Verb) -> String {
    let Verb { name, about, argument: (word, what), note, .. } = verb;
    let mut out = format!("usage: shortcrust {name}");
    if !word.is_empty() {
        let _ = write!(out, " {word}");
    }
    let _ = write!(out, " [options]\n\nTo {about}.");
    if !note.is_empty() {
        let _ = write!(out, " {note}");
    }
    out.push_str("\n\n");
    if !word.is_empty() {
        let _ = writeln!(out, "  {word:<24} {what}");
    }
    for Opt { name, value, about } in verb.each() {
        let _ = writeln!(out, "  {:<24} {about}", format!("--{name} {value}").trim_end());
    }
    out
}

/// The script for `bash`, `zsh` or `fish`.
pub(super) fn completion(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        // zsh runs bash's scripts by a function of its own.
        "zsh" => {
            Some(format!("#compdef shortcrust\nautoload -U +X bashcompinit && bashcompinit\n{}", bash()))
        }
        "fish" => Some(fish()),
        _ => None,
    }
}

/// Why a command line is none, in one sentence; the arguments without the program's name.
///
/// ```
/// use shortcrust::tool::misuse;
/// let said = misuse(&["inspect".to_owned(), "--nam".to_owned()]);
/// assert_eq!(said, "inspect has no option --nam: see shortcrust inspect --help");
/// ```
pub fn misuse(arguments: &[String]) -> String {
    let word = |at: usize| arguments.get(at).map_or("", String::as_str);
    let two = format!("{} {}", word(0), word(1));
    let Some((verb, given)) =
        Verb::named(&two).map(|verb| (verb, 2)).or(Verb::named(word(0)).map(|verb| (verb, 1)))
    else {
        return match word(0) {
            "" => "a verb is missing: see shortcrust --help".into(),
            "sessions" => "sessions needs list or revoke: see shortcrust --help".into(),
            other => format!("{other:?} is no verb: see shortcrust --help"),
        };
    };
    let name = verb.name;
    let mut rest = arguments[given..].iter();
    while let Some(option) = rest.next() {
        let Some(option) = option.strip_prefix("--").filter(|option| !option.is_empty()) else { continue };
        let (option, value) =
            option.split_once('=').map_or((option, None), |(option, value)| (option, Some(value)));
        match verb.each().find(|known| known.name == option) {
            None => return format!("{name} has no option --{option}: see shortcrust {name} --help"),
            Some(known) if known.value.is_empty() && value.is_some() => {
                return format!("--{option} takes no value: see shortcrust {name} --help");
            }
            Some(known) if !known.value.is_empty() && value.is_none() => {
                if rest.next().is_none_or(|value| value.starts_with('-')) {
                    return format!("--{option} needs {}: see shortcrust {name} --help", known.value);
                }
            }
            Some(_) => {}
        }
    }
    format!("{name} has an argument too many, or one that begins with -: see shortcrust {name} --help")
}

fn options(verb: &Verb) -> String {
    verb.each().map(|option| format!("--{}", option.name)).collect::<Vec<_>>().join(" ")
}

fn first_words() -> Vec<&'static str> {
    let mut words: Vec<&str> = Vec::new();
    for verb in &VERBS {
        let word = verb.name.split(' ').next().unwrap_or_default();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn second_words(first: &str) -> Vec<&'static str> {
    let of = |verb: &&Verb| verb.name.split_once(' ').is_some_and(|(word, _)| word == first);
    VERBS.iter().filter(of).filter_map(|verb| verb.name.split_once(' ').map(|(_, word)| word)).collect()
}

fn bash() -> String {
    let mut out = String::from("_shortcrust() {\n  local words verb=${COMP_WORDS[1]}\n  COMPREPLY=()\n");
    let _ = writeln!(
        out,
        "  if ((COMP_CWORD == 1)); then words='{} --help --version'\n  else\n    case $verb in",
        first_words().join(" ")
    );
    for first in first_words() {
        let seconds = second_words(first);
        if seconds.is_empty() {
            let words = Verb::named(first).map(options).unwrap_or_default();
            let _ = writeln!(out, "      {first}) words='{words} --help' ;;");
        } else {
            let _ = writeln!(
                out,
                "      {first})\n        if ((COMP_CWORD == 2)); then words='{}'\n        else case ${{COMP_WORDS[2]}} in",
                seconds.join(" ")
            );
            for second in seconds {
                let words = Verb::named(&format!("{first} {second}")).map(options).unwrap_or_default();
                let _ = writeln!(out, "          {second}) words='{words} --help' ;;");
            }
            out.push_str("        esac; fi ;;\n");
        }
    }
    out.push_str(
        "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n\
         complete -o default -F _shortcrust shortcrust\n",
    );
    out
}

fn fish() -> String {
    let mut out = String::from("complete -c shortcrust -f\n");
    for first in first_words() {
        let about = Verb::named(first).map_or("a user's sessions in a store", |verb| verb.about);
        let _ =
            writeln!(out, "complete -c shortcrust -n __fish_use_subcommand -a {first} -d {}", quoted(about));
        let seconds = second_words(first);
        if !seconds.is_empty() {
            let words = seconds.join(" ");
            let _ = writeln!(
                out,
                "complete -c shortcrust -n '__fish_seen_subcommand_from {first}; and not __fish_seen_subcommand_from {words}' -a '{words}'"
            );
        }
    }
    for verb in &VERBS {
        let last = verb.name.split(' ').next_back().unwrap_or_default();
        for Opt { name, value, about } in verb.each() {
            let takes = match *value {
                "" => "",
                "FILE" => " -rF",
                _ => " -x",
            };
            let _ = writeln!(
                out,
                "complete -c shortcrust -n '__fish_seen_subcommand_from {last}' -l {name}{takes} -d {}",
                quoted(about)
            );
        }
    }
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
