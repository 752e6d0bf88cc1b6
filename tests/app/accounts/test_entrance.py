"""Registering, logging in and out: by JSON and by the pages' forms."""

import re
import threading

import pytest

from app.accounts import throttle
from app.database.tables import login_attempts
from tests.app.site import PASSWORD

HTML = {"Accept": "text/html"}


def form_token(page) -> str:
    return re.search(r'name="form_token" value="(\w+)"', page.text)[1]


def logs_in(site, name, password=PASSWORD, **environ):
    body = {"name": name, "password": password}
    return site.client().post("/login", json=body, environ_overrides=environ)


def test_first_user_may_do_everything_later_ones_less(open_site):
    """The first who registers manages; the others predict and see what is theirs."""
    first, second = open_site.person("anna"), open_site.person("berta")
    assert first.get("/account").json["scopes"] == ["feedback", "history", "manage", "predict"]
    assert second.get("/account").json["scopes"] == ["feedback", "history", "predict"]


def test_only_one_is_the_first(database, make_site):
    """Of many who register at the same moment on an empty database one gets all scopes."""
    site = make_site("open", url=str(database.url))
    scopes = []

    def register(name):
        scopes.append(site.person(name).get("/account").json["scopes"])

    people = [threading.Thread(target=register, args=(f"user{at}",)) for at in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sum("manage" in found for found in scopes) == 1
    assert len(scopes) == 4


def test_invitation_is_needed_and_works_once(site):
    """With logins required nobody registers without an invitation, or with a used one."""
    body = {"name": "anna", "password": PASSWORD}
    assert site.client().post("/register", json=body).status_code == 403
    invitation = site.operator().post("/invitations").json["invitation"]
    body["invitation"] = invitation
    assert site.client().post("/register", json=body).status_code == 201
    body["name"] = "berta"
    assert site.client().post("/register", json=body).status_code == 403


def test_taken_name_uses_up_no_invitation(site):
    """Who chose a name that is taken may try again with the same invitation."""
    site.person("anna")
    invitation = site.operator().post("/invitations").json["invitation"]
    body = {"name": "ANNA ", "password": PASSWORD, "invitation": invitation}
    assert site.client().post("/register", json=body).status_code == 409
    assert site.client().post("/register", json={**body, "name": "anne"}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": "an", "password": PASSWORD},
        {"name": "an na", "password": PASSWORD},
        {"name": "änne", "password": PASSWORD},
        {"name": "a" * 65, "password": PASSWORD},
        {"name": ["anna"], "password": PASSWORD},
        {"name": "anna", "password": "elevenchars"},
        {"name": "anna", "password": "x" * 129},
        {"name": "anna", "password": "aaaaaaaaaaaaaaab"},
        {"name": "annaannaanna", "password": "annaannaanna"},
        {"name": "anna", "password": "\ud800" * 12},
        {"name": "anna"},
        {"password": PASSWORD},
        [],
        "[" * 100_000,
    ],
)
def test_what_cannot_be_registered_is_refused(open_site, body):
    """Odd names, short, long or simple passwords, other shapes: 400 with a sentence."""
    if isinstance(body, str):
        answer = open_site.client().post("/register", data=body, content_type="application/json")
    else:
        answer = open_site.client().post("/register", json=body)
    assert answer.status_code == 400
    assert answer.json["error"]


def test_login_gives_a_new_session_and_ends_the_old(site):
    """The session's token changes with each login; the one presented before is of no use."""
    http = site.person("anna")
    old = http.get_cookie("session").value
    assert http.post("/login", json={"name": "Anna", "password": PASSWORD}).status_code == 200
    assert http.get_cookie("session").value != old
    assert http.get("/account").json["name"] == "anna"
    thief = site.client()
    thief.set_cookie("session", old)
    assert thief.get("/account").status_code == 401


def test_logout_ends_the_session_on_the_server(site):
    """A copy of the cookie is worth nothing afterwards, for pages and for predictions."""
    http = site.person("anna")
    copy = site.client()
    copy.set_cookie("session", http.get_cookie("session").value)
    assert http.post("/logout", json={}).status_code == 200
    assert http.get_cookie("session") is None
    assert copy.get("/account").status_code == 401
    assert copy.get("/predictions").status_code == 401


def test_unknown_name_and_wrong_password_are_answered_alike(site):
    """Nobody learns who exists: same status, same body."""
    site.person("anna")
    wrong, unknown = logs_in(site, "anna", "not the password"), logs_in(site, "nobody")
    assert (wrong.status_code, wrong.data) == (unknown.status_code, unknown.data)
    assert wrong.status_code == 401


def test_logins_are_throttled_for_a_name(database, make_site):
    """After ten tries even the right password waits, whichever address it comes from."""
    site = make_site("open", url=str(database.url))
    site.person("anna")
    for at in range(throttle.LOGINS_A_NAME):
        assert logs_in(site, "anna", "wrong" * 4, REMOTE_ADDR=f"192.0.2.{at}").status_code == 401
    answer = logs_in(site, "anna", REMOTE_ADDR="192.0.2.99")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    with site.database.writing() as connection:
        connection.execute(
            login_attempts.update().values(at=login_attempts.c.at - throttle.WINDOW_S)
        )
    assert logs_in(site, "anna").status_code == 200


def test_logins_are_throttled_for_an_address(site):
    """One address cannot try many names; another address can still log in."""
    with site.database.writing() as connection:
        for _ in range(throttle.LOGINS_AN_ADDRESS):
            assert throttle.attempt(connection, {"address:203.0.113.7": 50}, 4e9)
    forwarded = {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.7"}
    assert logs_in(site, "anyone", **forwarded).status_code == 429
    assert logs_in(site, "anyone", HTTP_X_FORWARDED_FOR="198.51.100.1").status_code == 401


def test_tries_at_the_same_moment_pass_no_limit(database):
    """Counting and judging are one step: of twenty at once no more than the limit pass."""
    passed = []

    def one_tries():
        with database.writing() as connection:
            passed.append(throttle.attempt(connection, {"name:a": 5, "address:b": 50}, 1000.0))

    tries = [threading.Thread(target=one_tries) for _ in range(20)]
    for each in tries:
        each.start()
    for each in tries:
        each.join()
    assert (len(passed), sum(passed)) == (20, 5)


def test_pages_register_log_in_make_keys_and_log_out(open_site):
    """A browser gets from the empty form to a key and out again, by forms alone."""
    http = open_site.client()
    same = {**HTML, "Origin": "http://localhost"}

    def send(path, page, **fields):
        data = {"form_token": form_token(page), **fields}
        return http.post(path, data=data, headers=same, follow_redirects=True)

    page = http.get("/register", headers=HTML)
    account = send("/register", page, name="anna", password=PASSWORD)
    assert "<h1>anna</h1>" in account.text
    made = send("/keys", account, label="mine", scopes=["predict", "history"], days="30")
    key = re.search(r"mlops_[\w-]{43}", made.text)[0]
    assert open_site.client(key).get("/predictions").status_code == 200
    assert key not in http.get("/account", headers=HTML).text
    invited = send("/invitations", made)
    assert "/register?invitation=" in invited.text
    revoke = re.search(r"/keys/\d+/revoke", invited.text)[0]
    assert "You have none" in send(revoke, invited).text
    assert "<h1>Log in</h1>" in send("/logout", invited).text
    back = send("/login", http.get("/login", headers=HTML), name="anna", password=PASSWORD)
    assert "<h1>anna</h1>" in back.text


def test_page_says_what_is_wrong_and_keeps_what_was_entered(open_site):
    """A refused form comes back with the reason and the name, never with the password."""
    http = open_site.client()
    token = form_token(http.get("/register", headers=HTML))
    data = {"form_token": token, "name": '"><b>anna', "password": "too short"}
    answer = http.post("/register", data=data, headers=HTML)
    assert answer.status_code == 400
    assert "a name has 3 to 64" in answer.text
    assert "&lt;b&gt;anna" in answer.text
    assert "too short" not in answer.text


def test_pages_for_people_send_strangers_to_the_login(site):
    """A browser without a session is led to the form, a program gets 401."""
    http = site.client()
    answer = http.get("/account", headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert http.get("/account").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"form_token": ""},
        {"form_token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_refused(site, change):
    """Without our token, or from another origin, nothing is done with the user's session."""
    http = site.person("anna")
    token = form_token(http.get("/account", headers=HTML))
    data = {"form_token": change.pop("form_token", token), "label": "theirs", "scopes": "predict"}
    assert http.post("/keys", data=data, headers={**HTML, **change}).status_code == 403
    assert http.get("/keys").json["keys"] == []


def test_form_token_of_another_session_is_refused(site):
    """A token is bound to the session of the page that it stood in."""
    anna, berta = site.person("anna"), site.person("berta")
    data = {"form_token": form_token(anna.get("/account", headers=HTML))}
    assert berta.post("/invitations", data=data, headers=HTML).status_code == 403
    assert berta.post("/logout", data=data, headers=HTML).status_code == 403
    assert berta.get("/account").status_code == 200


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(site):
    """Behind TLS the session is __Host-, Secure, HttpOnly, Lax; it is not taken without prefix."""
    site.person("anna")
    tls = {"HTTP_X_FORWARDED_PROTO": "https"}
    answer = logs_in(site, "anna", **tls)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "session" in c)
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert part in cookie.split("; ")
    assert "Domain" not in cookie
    token = re.search(r"=([\w-]+)", cookie)[1]
    http = site.app.test_client(use_cookies=False)
    for name, status in (("session", 401), ("__Host-session", 200)):
        headers = {"Cookie": f"{name}={token}"}
        assert http.get("/account", headers=headers, environ_overrides=tls).status_code == status


def test_expired_session_is_no_session(site):
    """Twelve hours later the same cookie opens nothing."""
    http = site.person("anna")
    assert http.get("/predictions").status_code == 200
    site.now[0] = 12 * 3600 + 1
    assert http.get("/predictions").status_code == 401


def test_database_away_is_503_and_no_trace(site, tmp_path):
    """Whoever wants to log in meanwhile is told to try again."""
    site.database.close()
    (tmp_path / "service.db").unlink()
    (tmp_path / "service.db").mkdir()
    answer = logs_in(site, "anna")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "sqlite" not in answer.text
