"""The console's door: lets in who may come in, and lets act who may act; both are in the audit log."""

import threading
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.session import ConsoleContext, current
from dashboard.sign_in import AT_THIS_MACHINE, Person, Refused, SignedOut, Visitor, actor_of
from domain.audit import Act, ActKind, Actor
from domain.errors import UsageError
from domain.permission import NotPermitted, Permission, may, require
from storage.audit import write_audit
from storage.on_call import newest_entries

_SIGN_IN_ID = "sign_in"
# Of a sign-in that this process has not seen, the log is asked: it was before a restart, or at another console.
_LOOKED_BACK = 500
# A page and its parts run in threads of their own, and one of them notes a sign-in.
_noting = threading.Lock()


def visitor() -> Visitor:
    """Who reads."""
    context = current()
    return context.sign_in.visitor(context.clock.now()) if context.sign_in else AT_THIS_MACHINE


def person() -> Person:
    """Who reads; NotPermitted where that is nobody who may come in."""
    found = visitor()
    if not isinstance(found, Person):
        raise NotPermitted("nobody is signed in any more; sign in again")
    return found


def may_do(permission: Permission) -> bool:
    """Whether who reads may do something."""
    found = visitor()
    return isinstance(found, Person) and may(found.role, permission)


def acting(permission: Permission, told: str, reason: str) -> Actor:
    """Who does something, for its reason: called before anything is changed.

    UsageError where a name is needed and none was told, or where there is no reason; NotPermitted for what is not
    theirs to do, which stands in the audit log.
    """
    who = person()
    actor = actor_of(who, told)
    try:
        require(who.role, permission, who.name)
    except NotPermitted as error:
        context = current()
        act = Act(ActKind.SESSION_DENY, actor, permission.value, reason.strip(), {"refused": str(error)})
        write_audit(context.store, act, context.clock.now())
        raise
    if not actor.name:
        raise UsageError("your name is missing; the audit log says who acted")
    if not reason.strip():
        raise UsageError("the reason is missing; whoever takes over reads it")
    return actor


def note_visit(found: Visitor) -> None:
    """Writes down once that somebody signed in or was refused."""
    if isinstance(found, SignedOut) or not found.sign_in_id:
        return
    context = current()
    with _noting:
        if found.sign_in_id in context.noted:
            return
        context.noted.add(found.sign_in_id)
    try:
        if not _is_in_log(context, found.sign_in_id):
            write_audit(context.store, _visit(found), context.clock.now())
    except BaseException:
        context.noted.discard(found.sign_in_id)
        raise


def sign_out() -> None:
    """Ends the reader's sign-in, here and with the provider where it can."""
    found = visitor()
    if isinstance(found, Person) and found.is_signed_in:
        context = current()
        act = Act(ActKind.SESSION_SIGN_OUT, actor_of(found, ""), found.name, details={_SIGN_IN_ID: found.sign_in_id})
        write_audit(context.store, act, context.clock.now())
    st.logout()


def _visit(found: Person | Refused) -> Act:
    details: Mapping[str, Any] = {**found.details, _SIGN_IN_ID: found.sign_in_id}
    if isinstance(found, Person):
        return Act(ActKind.SESSION_SIGN_IN, actor_of(found, ""), found.name, details=details)
    return Act(ActKind.SESSION_REFUSE, Actor(found.name), found.name, found.words, {**details, "code": found.code})


def _is_in_log(context: ConsoleContext, sign_in_id: str) -> bool:
    entries = newest_entries(context.store, "session.", _LOOKED_BACK, 0).entries
    return any(f'"{_SIGN_IN_ID}":"{sign_in_id}"' in entry.details for entry in entries)
