"""Rewrites tests/vectors/*.json. See README.md here for how to run it."""

import express
import flask_ok
import flask_refused
import sealed_ok
import sealed_refused

if __name__ == "__main__":
    for made_by in (express, flask_ok, flask_refused, sealed_ok, sealed_refused):
        suite = made_by.build()
        suite.write()
        print(f"{suite.stem}.json", len(suite.cases))
