"""The lessons about cookies that the server sets."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from flask import make_response, request
from lesson import on_the_server


def set_a_cookie():
    answer = make_response("Here is a cookie.")
    answer.set_cookie("colour", "plum")
    return answer


def set_two_cookies():
    answer = make_response("Here are two cookies.")
    answer.set_cookie(key="colour", value="plum")
    answer.set_cookie(key="size", value="large")
    return answer


SET = on_the_server(
    "set-a-cookie",
    """In Flask you make the answer first, then you call <code>set_cookie</code> on it. The
    first argument is the name (<code>key</code>), the second the value
    (<code>value</code>).""",
    (set_a_cookie, set_two_cookies),
)


def read_one_cookie():
    colour = request.cookies.get("colour")
    return f"The colour is {colour}."


def read_all_cookies():
    return dict(request.cookies)


READ = on_the_server(
    "read-cookies",
    """In Flask they are in <code>request.cookies</code>, which is like a dict. Use
    <code>get</code>: it gives <code>None</code> where there is no such cookie, and no
    error.""",
    (set_two_cookies, read_one_cookie, read_all_cookies),
)


def delete_the_cookie():
    answer = make_response("The cookie is gone.")
    answer.delete_cookie("colour")
    return answer


def delete_it_by_hand():
    answer = make_response("The cookie is gone.")
    answer.set_cookie("colour", "", max_age=0)
    return answer


def delete_with_another_path():
    answer = make_response("This deletes another cookie, which is not there.")
    answer.delete_cookie("colour", path="/elsewhere")
    return answer


DELETE = on_the_server(
    "delete-a-cookie",
    """<code>delete_cookie</code> does just this.""",
    (set_a_cookie, delete_with_another_path, delete_the_cookie, delete_it_by_hand),
)


def keep_it_for_a_minute():
    answer = make_response("It is gone in a minute.")
    answer.set_cookie("colour", "plum", max_age=60)
    return answer


def keep_it_for_a_week():
    answer = make_response("It is gone in a week.")
    answer.set_cookie("colour", "plum", max_age=timedelta(days=7))
    return answer


MAX_AGE = on_the_server(
    "max-age",
    """Flask takes seconds, or a <code>timedelta</code>.""",
    (keep_it_for_a_minute, keep_it_for_a_week),
)


def keep_it_until_tomorrow():
    answer = make_response("It is gone tomorrow.")
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    answer.set_cookie("colour", "plum", expires=tomorrow)
    return answer


def keep_it_until_a_date_in_text():
    answer = make_response("It is gone at the end of 2099, or when the browser's own limit comes.")
    answer.set_cookie("colour", "plum", expires="Thu, 31 Dec 2099 23:59:59 GMT")
    return answer


EXPIRES = on_the_server(
    "expires",
    """Flask takes a <code>datetime</code>, seconds since 1970, or a text. Give a
    <code>datetime</code> its time zone; one without is taken as UTC. A text is sent as it
    is.""",
    (keep_it_until_tomorrow, keep_it_until_a_date_in_text),
)


def give_both():
    answer = make_response("One says an hour, the other says yesterday.")
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    answer.set_cookie("colour", "plum", max_age=3600, expires=yesterday)
    return answer


BOTH = on_the_server(
    "max-age-and-expires",
    """Flask sends both. Text books say that in Flask <code>max_age</code> wins, and they are
    right.""",
    (give_both,),
)


def without_an_end():
    answer = make_response("It is gone when the browser closes.")
    answer.set_cookie("visit", "today")
    return answer


def with_an_end():
    answer = make_response("It is there when the browser opens again.")
    answer.set_cookie("language", "en", max_age=timedelta(days=30))
    return answer


CLOSED = on_the_server(
    "until-the-browser-closes",
    "",
    (without_an_end, with_an_end),
)


def only_below_shop():
    answer = make_response("Pages below /shop get this cookie, others don't.")
    answer.set_cookie("basket", "apples", path="/shop")
    return answer


def everywhere():
    answer = make_response("Every page gets this cookie.")
    answer.set_cookie("colour", "plum", path="/")
    return answer


PATH = on_the_server(
    "path",
    """In Flask the default is <code>/</code>: all pages of the site.""",
    (only_below_shop, everywhere),
    asks="/browser /shop/browser",
)


def for_this_host():
    answer = make_response("Only this host gets it.")
    answer.set_cookie("here", "yes")
    return answer


def with_its_subdomains():
    answer = make_response("lessons.localhost and www.lessons.localhost get it.")
    answer.set_cookie("family", "yes", domain="lessons.localhost")
    return answer


def for_a_stranger():
    answer = make_response("The browser takes no cookie for another site.")
    answer.set_cookie("stranger", "yes", domain="example.com")
    return answer


DOMAIN = on_the_server(
    "domain",
    "",
    (for_this_host, with_its_subdomains, for_a_stranger),
)


def over_https_alone():
    answer = make_response("It is sent over HTTPS alone.")
    answer.set_cookie("colour", "plum", secure=True)
    return answer


def over_http_too():
    answer = make_response("It is sent without HTTPS too.")
    answer.set_cookie("size", "large")
    return answer


SECURE = on_the_server(
    "secure",
    "",
    (over_https_alone, over_http_too),
)


def set_an_open_cookie():
    answer = make_response("Scripts in the page can read it.")
    answer.set_cookie("open", "apple")
    return answer


def set_a_hidden_cookie():
    answer = make_response("No script can read it.")
    answer.set_cookie("hidden", "pear", httponly=True)
    return answer


HTTPONLY = on_the_server(
    "httponly",
    "",
    (set_an_open_cookie, set_a_hidden_cookie),
    page=("readTheWhole", "overwriteTheHiddenCookie"),
)


def set_lax():
    answer = make_response("It comes along with a link from another site, not with its forms.")
    answer.set_cookie("lax", "yes", samesite="Lax")
    return answer


def set_strict():
    answer = make_response("It never comes along from another site.")
    answer.set_cookie("strict", "yes", samesite="Strict")
    return answer


def set_none():
    answer = make_response("It always comes along. Browsers want secure=True with it.")
    answer.set_cookie("none", "yes", samesite="None", secure=True)
    return answer


SAMESITE = on_the_server(
    "samesite",
    "",
    (set_lax, set_strict, set_none),
)


def by_the_rules():
    answer = make_response("The browser keeps it.")
    answer.set_cookie("__Host-user", "ada", secure=True)
    return answer


def without_secure():
    answer = make_response("The browser drops it.")
    answer.set_cookie("__Host-open", "ada")
    return answer


def with_a_path():
    answer = make_response("The browser drops it.")
    answer.set_cookie("__Host-path", "ada", secure=True, path="/shop")
    return answer


def with_a_domain():
    answer = make_response("The browser drops it.")
    answer.set_cookie("__Host-domain", "ada", secure=True, domain="lessons.localhost")
    return answer


PREFIX = on_the_server(
    "host-prefix", "", (by_the_rules, without_secure, with_a_path, with_a_domain)
)


def set_a_partitioned_cookie():
    answer = make_response("The frame has it below this one site.")
    answer.set_cookie("own", "yes", secure=True, samesite="None", partitioned=True)
    return answer


def set_one_for_all_sites():
    answer = make_response("Many browsers drop it in a frame.")
    answer.set_cookie("shared", "yes", secure=True, samesite="None")
    return answer


PARTITIONED = on_the_server("partitioned", "", (set_a_partitioned_cookie, set_one_for_all_sites))

LESSONS = [
    SET, READ, DELETE, MAX_AGE, EXPIRES, BOTH, CLOSED, PATH, DOMAIN, SECURE, HTTPONLY, SAMESITE,
    PREFIX, PARTITIONED,
]  # fmt: skip
