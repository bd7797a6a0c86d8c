"""Who may do what on a plan: the scope-of-practice table, as plans ask it."""

from coordination.scope import lead_role_id, permitted, require

__all__ = ["lead_role_id", "permitted", "require"]
