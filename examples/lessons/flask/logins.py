"""The lessons about who may see a page."""

from __future__ import annotations

from flask import (
    Blueprint,
    Flask,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from lesson import PAGES, Lesson, Part
from sessions import signed


def members_site():
    app = signed("members")
    app.template_folder = PAGES

    @app.before_request
    def check_login():
        if "user" not in session and request.endpoint != "log_in":
            session["next"] = request.endpoint
            return redirect(url_for("log_in"))
        # Nothing: the view may run.
        return None

    @app.get("/news")
    def news():
        return render_template("members.html", title="News", user=session["user"])

    @app.get("/photos")
    def photos():
        return render_template("members.html", title="Photos", user=session["user"])

    @app.route("/login", methods=["GET", "POST"])
    def log_in():
        if request.method == "GET":
            return render_template("log_in.html")
        page = session.get("next", "news")
        session.clear()
        session["user"] = request.form["name"]
        return redirect(url_for(page))

    @app.post("/logout")
    def log_out():
        session.clear()
        return redirect(url_for("log_in"))

    return app


ON_THE_APP = Lesson(
    "login-check",
    "Login check for the whole app",
    """<p>A function with <code>@app.before_request</code> runs before each view. If it gives
    something back, that is the answer, and the view does not run. So one function keeps strangers
    out of all pages. Leave the login itself out of it, or nobody ever gets in.</p>
    <p>The page that was wanted is kept in the session, and after the login the visitor goes there.
    It does not come from the address, where somebody could write another site.</p>
    <p>To keep it short, this login asks for no password. Yours must.</p>""",
    (
        Part(
            setup=(signed,),
            app=members_site,
            links=(("Open the news", "news"), ("Open the photos", "photos")),
        ),
    ),
)


def site_with_an_office():
    office = Blueprint("office", __name__)

    @office.before_request
    def check_login():
        if "user" not in session:
            session["next"] = request.endpoint
            return redirect(url_for("log_in"))
        return None

    @office.get("/letters")
    def letters():
        return render_template("members.html", title="Letters", user=session["user"])

    app = signed("office")
    app.template_folder = PAGES
    app.register_blueprint(office)

    @app.get("/shop")
    def shop():
        return render_template("members.html", title="Shop", user=session.get("user", "stranger"))

    @app.route("/login", methods=["GET", "POST"])
    def log_in():
        if request.method == "GET":
            return render_template("log_in.html")
        page = session.get("next", "shop")
        session.clear()
        session["user"] = request.form["name"]
        return redirect(url_for(page))

    @app.post("/logout")
    def log_out():
        session.clear()
        return redirect(url_for("shop"))

    return app


ON_A_BLUEPRINT = Lesson(
    "login-check-on-a-blueprint",
    "Login check for a part of the app",
    """<p>A blueprint is a part of an app. Its <code>before_request</code> runs before the views of
    this part alone. Here everybody may see the shop, and the office asks for a login.</p>""",
    (
        Part(
            app=site_with_an_office,
            links=(("Open the shop", "shop"), ("Open the letters", "letters")),
        ),
    ),
)

opened = []


def prepare():
    opened.append("The database is open.")


def app_that_prepares():
    app = Flask("prepared")
    with app.app_context():
        prepare()
    return app


def ask():
    return f"{opened} ({len(opened)} time)"


def try_the_old_way():
    current_app.before_first_request(prepare)


ONCE = Lesson(
    "before-first-request",
    "Once, before the first request",
    """<p>Older books have <code>@app.before_first_request</code> for what must be done once. Flask
    2.3 removed it. Do it where you make the app, before it serves anything. If it needs
    <code>current_app</code>, do it in <code>with app.app_context():</code>.</p>
    <p>The old name is an error today. Press the first button as often as you like: it was done
    once.</p>""",
    (Part((ask, try_the_old_way), setup=(prepare,), app=app_that_prepares),),
)

LESSONS = [ON_THE_APP, ON_A_BLUEPRINT, ONCE]
