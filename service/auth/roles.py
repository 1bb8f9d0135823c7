"""Who may do what: one table from role to permissions. Pure."""

from enum import StrEnum


class Permission(StrEnum):
    """One sort of thing that a caller may do."""

    READ = "read"  # see assets, violations, decisions, rules
    REGISTER = "register"  # write assets, run scans
    EVALUATE = "evaluate"  # have the estate judged again
    GATE = "gate"  # ask whether a deployment may ship
    AUTHOR = "author"  # write and publish rules and packs
    APPROVE = "approve"  # decide on waivers and pack changes
    ADMINISTER = "administer"  # tokens, workspaces, the audit log


class Role(StrEnum):
    """What a token is for."""

    VIEWER = "viewer"
    REGISTRAR = "registrar"
    GATEKEEPER = "gatekeeper"
    POLICY_AUTHOR = "policy_author"
    APPROVER = "approver"
    ADMIN = "admin"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.REGISTRAR: frozenset({Permission.READ, Permission.REGISTER, Permission.EVALUATE, Permission.GATE}),
    # A gatekeeper's token lies in every pipeline: it learns nothing but the verdict.
    Role.GATEKEEPER: frozenset({Permission.GATE}),
    Role.POLICY_AUTHOR: frozenset({Permission.READ, Permission.AUTHOR, Permission.EVALUATE, Permission.GATE}),
    # An approver writes no policy and registers nothing: he never approves his own work.
    Role.APPROVER: frozenset({Permission.READ, Permission.APPROVE}),
    Role.ADMIN: frozenset(Permission),
}


def allows(role: Role, permission: Permission) -> bool:
    """Whether `role` carries `permission`."""
    return permission in PERMISSIONS[role]
