"""The caller of a request, and the refusals that meet him. Pure."""

from dataclasses import dataclass
from uuid import UUID

from service.auth.roles import Permission, Role, allows
from service.foundation.actor import Actor, ActorKind
from service.foundation.errors import ServiceError


class Unauthenticated(ServiceError):
    """Nobody known is calling. The detail never says which part was wrong."""

    slug = "unauthenticated"
    status = 401
    title = "A valid access token is needed"


class Forbidden(ServiceError):
    """The caller is known and may not do this."""

    slug = "forbidden"
    status = 403
    title = "This token may not do this"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose token it is: its id and name, its role, and the workspace it is bound to (None: all of them)."""

    token: UUID
    name: str
    role: Role
    workspace: str | None

    @property
    def actor(self) -> Actor:
        """The caller as history records him."""
        return Actor(ActorKind.TOKEN, self.name)

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role carries `permission`."""
        return allows(self.role, permission)

    def sees(self, workspace: str) -> bool:
        """Whether `workspace` lies within the caller's scope."""
        return self.workspace in (None, workspace)

    def demand(self, permission: Permission) -> None:
        """Lets the caller pass.

        Raises:
            Forbidden: his role does not carry `permission`.
        """
        if not self.may(permission):
            raise Forbidden(f"The role {self.role} does not carry the permission {permission}.")

    def demand_whole_service(self) -> None:
        """Lets the caller pass where an answer spans all workspaces.

        Raises:
            Forbidden: his token is bound to one.
        """
        if self.workspace is not None:
            raise Forbidden("This needs a token for all workspaces; this one is bound to a single one.")
