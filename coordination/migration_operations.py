"""Operations for migrations that say in one step what would else cost a step for each part."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.compiler import Trigger
from pgtrigger.migrations import AddTrigger


class Together(Operation):
    """Take several steps as one, such as tables that refer to each other.

    Before each operation Django builds anew all models that hang together with the altered one:
    here they are built once, as all the steps leave them. No step may need to see less than that.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Take the steps, in their order."""
        self.operations = list(operations)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Take all steps; the models are built when they are next asked for."""
        state.__dict__.pop("apps", None)
        for step in self.operations:
            step.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Take all steps."""
        for step in self.operations:
            step.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Take them back, the last one first."""
        for step in reversed(self.operations):
            step.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Name the steps."""
        return "; ".join(step.describe() for step in self.operations)


class AddTriggers(Operation):
    """Add several triggers to a table.

    Before each operation Django builds anew all models that hang together with the altered one,
    and here all of them do: one `AddTrigger` for each trigger takes minutes to migrate.
    """

    def __init__(self, model_name: str, triggers: Sequence[Trigger]) -> None:
        """Take the model's name and its new triggers, compiled as `makemigrations` writes them."""
        self.model_name = model_name
        self.triggers = list(triggers)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Let the model have the triggers; it is not built anew, since none shows in its fields."""
        options = state.models[app_label, self.model_name.lower()].options
        options["triggers"] = [*options.get("triggers", []), *self.triggers]

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the triggers."""
        for step in self._steps():
            step.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop them, the last one first."""
        for step in reversed(self._steps()):
            step.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Name the triggers and the model."""
        names = ", ".join(str(trigger.name) for trigger in self.triggers)
        return f"Create triggers {names} on model {self.model_name}"

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        """Return what builds this operation again."""
        kwargs = {"model_name": self.model_name, "triggers": self.triggers}
        return (self.__class__.__name__, [], kwargs)

    def _steps(self) -> list[AddTrigger]:
        return [AddTrigger(self.model_name, trigger) for trigger in self.triggers]
