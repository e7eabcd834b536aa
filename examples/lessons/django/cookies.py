"""The lessons about cookies that the server sets."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from django.http import HttpResponse
from lesson import on_the_server


def set_a_cookie(request):
    answer = HttpResponse("Here is a cookie.")
    answer.set_cookie("colour", "plum")
    return answer


def set_two_cookies(request):
    answer = HttpResponse("Here are two cookies.")
    answer.set_cookie(key="colour", value="plum")
    answer.set_cookie(key="size", value="large")
    return answer


SET = on_the_server(
    "set-a-cookie",
    """In Django the view makes the answer, then calls <code>set_cookie</code> on it. The
    first argument is the name (<code>key</code>), the second the value
    (<code>value</code>).""",
    (set_a_cookie, set_two_cookies),
)


def read_one_cookie(request):
    colour = request.COOKIES.get("colour")
    return f"The colour is {colour}."


def read_all_cookies(request):
    return dict(request.COOKIES)


READ = on_the_server(
    "read-cookies",
    """In Django they are in <code>request.COOKIES</code>, a dict. Use <code>get</code>: it
    gives <code>None</code> where there is no such cookie, and no error. The cookie
    <code>csrftoken</code> is Django's own: it protects forms.""",
    (set_two_cookies, read_one_cookie, read_all_cookies),
)


def delete_the_cookie(request):
    answer = HttpResponse("The cookie is gone.")
    answer.delete_cookie("colour")
    return answer


def delete_it_by_hand(request):
    answer = HttpResponse("The cookie is gone.")
    answer.set_cookie("colour", "", max_age=0)
    return answer


def delete_with_another_path(request):
    answer = HttpResponse("This deletes another cookie, which is not there.")
    answer.delete_cookie("colour", path="/elsewhere")
    return answer


DELETE = on_the_server(
    "delete-a-cookie",
    """<code>delete_cookie</code> does just this.""",
    (set_a_cookie, delete_with_another_path, delete_the_cookie, delete_it_by_hand),
)


def keep_it_for_a_minute(request):
    answer = HttpResponse("It is gone in a minute.")
    answer.set_cookie("colour", "plum", max_age=60)
    return answer


def keep_it_for_a_week(request):
    answer = HttpResponse("It is gone in a week.")
    answer.set_cookie("colour", "plum", max_age=timedelta(days=7))
    return answer


MAX_AGE = on_the_server(
    "max-age",
    """Django takes seconds, or a <code>timedelta</code>. It sends <code>expires</code> too.""",
    (keep_it_for_a_minute, keep_it_for_a_week),
)


def keep_it_until_tomorrow(request):
    answer = HttpResponse("It is gone tomorrow.")
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    answer.set_cookie("colour", "plum", expires=tomorrow)
    return answer


def keep_it_until_a_date_in_text(request):
    answer = HttpResponse("It is gone at the end of 2099, or when the browser's own limit comes.")
    answer.set_cookie("colour", "plum", expires="Thu, 31 Dec 2099 23:59:59 GMT")
    return answer


EXPIRES = on_the_server(
    "expires",
    """Django takes a <code>datetime</code> or a text. A <code>datetime</code> without time
    zone is taken as UTC, and sent as both, <code>expires</code> and <code>Max-Age</code>. A
    text is sent as it is.""",
    (keep_it_until_tomorrow, keep_it_until_a_date_in_text),
)


def give_both(request):
    answer = HttpResponse("One says an hour, the other says yesterday.")
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    answer.set_cookie("colour", "plum", max_age=3600, expires=yesterday)
    return answer


def give_both_as_text(request):
    answer = HttpResponse("One says an hour, the other says 1970.")
    past = "Thu, 01 Jan 1970 00:00:00 GMT"
    answer.set_cookie("colour", "plum", max_age=3600, expires=past)
    return answer


BOTH = on_the_server(
    "max-age-and-expires",
    """Text books say that Django's <code>expires</code> and <code>max_age</code> can't be
    given together. So it is today where <code>expires</code> is a <code>datetime</code>: a
    <code>ValueError</code>. A text beside <code>max_age</code> is sent.""",
    (give_both, give_both_as_text),
)


def without_an_end(request):
    answer = HttpResponse("It is gone when the browser closes.")
    answer.set_cookie("visit", "today")
    return answer


def with_an_end(request):
    answer = HttpResponse("It is there when the browser opens again.")
    answer.set_cookie("language", "en", max_age=timedelta(days=30))
    return answer


CLOSED = on_the_server(
    "until-the-browser-closes",
    "",
    (without_an_end, with_an_end),
)


def only_below_shop(request):
    answer = HttpResponse("Pages below /shop get this cookie, others don't.")
    answer.set_cookie("basket", "apples", path="/shop")
    return answer


def everywhere(request):
    answer = HttpResponse("Every page gets this cookie.")
    answer.set_cookie("colour", "plum", path="/")
    return answer


PATH = on_the_server(
    "path",
    """In Django the default is <code>/</code>: all pages of the site.""",
    (only_below_shop, everywhere),
    asks="/browser /shop/browser",
)


def for_this_host(request):
    answer = HttpResponse("Only this host gets it.")
    answer.set_cookie("here", "yes")
    return answer


def with_its_subdomains(request):
    answer = HttpResponse("lessons.localhost and www.lessons.localhost get it.")
    answer.set_cookie("family", "yes", domain="lessons.localhost")
    return answer


def for_a_stranger(request):
    answer = HttpResponse("The browser takes no cookie for another site.")
    answer.set_cookie("stranger", "yes", domain="example.com")
    return answer


DOMAIN = on_the_server(
    "domain",
    "",
    (for_this_host, with_its_subdomains, for_a_stranger),
)


def over_https_alone(request):
    answer = HttpResponse("It is sent over HTTPS alone.")
    answer.set_cookie("colour", "plum", secure=True)
    return answer


def over_http_too(request):
    answer = HttpResponse("It is sent without HTTPS too.")
    answer.set_cookie("size", "large")
    return answer


SECURE = on_the_server(
    "secure",
    "",
    (over_https_alone, over_http_too),
)


def set_an_open_cookie(request):
    answer = HttpResponse("Scripts in the page can read it.")
    answer.set_cookie("open", "apple")
    return answer


def set_a_hidden_cookie(request):
    answer = HttpResponse("No script can read it.")
    answer.set_cookie("hidden", "pear", httponly=True)
    return answer


HTTPONLY = on_the_server(
    "httponly",
    "",
    (set_an_open_cookie, set_a_hidden_cookie),
    page=("readTheWhole", "overwriteTheHiddenCookie"),
)


def set_lax(request):
    answer = HttpResponse("It comes along with a link from another site, not with its forms.")
    answer.set_cookie("lax", "yes", samesite="Lax")
    return answer


def set_strict(request):
    answer = HttpResponse("It never comes along from another site.")
    answer.set_cookie("strict", "yes", samesite="Strict")
    return answer


def set_none(request):
    answer = HttpResponse("It always comes along. Browsers want secure=True with it.")
    answer.set_cookie("none", "yes", samesite="None", secure=True)
    return answer


SAMESITE = on_the_server(
    "samesite",
    "",
    (set_lax, set_strict, set_none),
)


def by_the_rules(request):
    answer = HttpResponse("The browser keeps it.")
    answer.set_cookie("__Host-user", "ada", secure=True)
    return answer


def without_secure(request):
    answer = HttpResponse("The browser drops it.")
    answer.set_cookie("__Host-open", "ada")
    return answer


def with_a_path(request):
    answer = HttpResponse("The browser drops it.")
    answer.set_cookie("__Host-path", "ada", secure=True, path="/shop")
    return answer


def with_a_domain(request):
    answer = HttpResponse("The browser drops it.")
    answer.set_cookie("__Host-domain", "ada", secure=True, domain="lessons.localhost")
    return answer


PREFIX = on_the_server(
    "host-prefix", "", (by_the_rules, without_secure, with_a_path, with_a_domain)
)

LESSONS = [
    SET, READ, DELETE, MAX_AGE, EXPIRES, BOTH, CLOSED, PATH, DOMAIN, SECURE, HTTPONLY, SAMESITE,
    PREFIX,
]  # fmt: skip
