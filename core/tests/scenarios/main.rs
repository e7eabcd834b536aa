//! Every scenario of `tests/scenarios`: requests that overlap, with every store action and every header that follows.
//! The drivers of Python and Node run the same files.

mod config;
mod cookies;
mod log;
#[path = "../memory_store/mod.rs"]
mod memory_store;
mod random;
mod request;
mod simulation;
mod store;

use std::{collections::HashSet, env, fs, path::PathBuf};

use serde_json::{Value, json};

use simulation::Simulation;

const FIELDS: [&str; 7] = ["name", "config", "given", "steps", "outcome", "keys", "log"];

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
    files.sort();
    files
}

fn steps(scenario: &Value, field: &str) -> Vec<Value> {
    scenario[field].as_array().cloned().unwrap_or_default()
}

fn run(scenario: &Value) -> Simulation {
    let mut simulation = Simulation::new(&scenario["config"]);
    simulation.take_steps(&steps(scenario, "given"));
    simulation.log.clear();
    simulation.keys.0.clear();
    simulation.take_steps(&steps(scenario, "steps"));
    simulation
}

/// What a scenario says in words of a browser, of a request, or of the store.
fn outcome(simulation: &mut Simulation, of: &str) -> Value {
    if of == "records" {
        return json!(simulation.store.live().count());
    }
    if of == "labels" {
        let mut labels: Vec<String> =
            simulation.store.live().filter_map(|(_, record)| record.label).collect();
        labels.sort();
        return json!(labels);
    }
    let Some(request) = simulation.requests.get(of) else { return simulation.found_by(of) };
    let cookie = match request.cookies.as_deref() {
        None => Value::Null,
        Some([]) => json!("none"),
        Some([first, ..]) if first.contains("=; ") => json!("deleted"),
        Some(_) => json!("set"),
    };
    json!({ "cookie": cookie, "reason": request.reason, "raises": request.raised })
}

#[test]
fn every_scenario_has_its_outcome_its_store_actions_and_its_headers() {
    let fills = env::var_os("FILL").is_some();
    let (mut count, mut names) = (0, HashSet::new());
    let mut faults = Vec::new();
    for path in files() {
        let mut file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for scenario in file["scenarios"].as_array_mut().unwrap() {
            count += 1;
            let name = scenario["name"].as_str().unwrap().to_owned();
            for field in scenario.as_object().unwrap().keys() {
                assert!(FIELDS.contains(&field.as_str()), "{name}: {field} is not known");
            }
            let mut simulation = run(scenario);
            let (log, keys) = (json!(simulation.log), json!(simulation.keys.0));
            for (of, want) in scenario["outcome"].as_object().unwrap() {
                let found = outcome(&mut simulation, of);
                let is_so = want.as_object().map_or(found == *want, |want| {
                    want.iter().all(|(field, value)| found.get(field) == Some(value))
                });
                if !is_so {
                    faults.push(format!("{name}: {of} should be {want} and is {found}\n{log:#}"));
                }
            }
            if fills {
                (scenario["keys"], scenario["log"]) = (keys, log);
            } else if scenario["log"] != log || scenario["keys"] != keys {
                faults.push(format!("{name}: what happens is\n{log:#}\nand not\n{:#}", scenario["log"]));
            }
            assert!(names.insert(name.clone()), "two scenarios are called: {name}");
        }
        if fills {
            fs::write(&path, serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n\n"));
    assert!(count >= 300, "there are {count} scenarios");
}
