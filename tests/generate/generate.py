"""Rewrites tests/vectors/*.json. See README.md here for how to run it."""

import django_ok
import django_refused
import express
import flask_ok
import flask_refused
import sealed_ok
import sealed_refused
import starlette_ok
import starlette_refused

if __name__ == "__main__":
    for made_by in (
        django_ok,
        django_refused,
        express,
        flask_ok,
        flask_refused,
        sealed_ok,
        sealed_refused,
        starlette_ok,
        starlette_refused,
    ):
        suite = made_by.build()
        suite.write()
        print(f"{suite.stem}.json", len(suite.cases))
