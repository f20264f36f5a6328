"""Targets of a user's own: `module:Class` or `./file.py:Class`, and what is wrong with one, in a sentence."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.own_shape import check_class, check_target, checked_class, shown_path

NEEDED = (
    "name", "summary", "options", "settings", "claims", "deployments", "operations", "errors", "client", "roles",
)  # fmt: skip
"""Attributes of a target; `settings` only once it is made."""
_ROOMS = tuple(path.resolve() for path in Path(__file__).parent.iterdir() if path.is_symlink())
"""The folders of this package that a checkout has elsewhere."""


def own_class(module: str, attribute: str) -> Any:
    """The class of that name; UsageError, with the place in the user's code, if there is none or it is no target."""
    word = f"target {module}:{attribute}"
    own = imported(module, word)
    found = getattr(own, attribute, None)
    if found is None:
        raise UsageError(f"{word}: module {module!r} has no {attribute!r}{did_you_mean(attribute, vars(own))}")
    if not isinstance(found, type):
        raise UsageError(f"{word}: {attribute!r} is no class but {type(found).__name__}; a target is a class")
    lacking = [name for name in NEEDED if name != "settings" and not hasattr(found, name)]
    if lacking:
        raise UsageError(
            f"{word}: no target: the class has no {', '.join(lacking)}; see docs/your-own-target.md, or derive it from "
            "splitbrain.targets.stores.StoreTarget"
        )
    check_class(found, f"{module}:{attribute}")
    return found


def made(kind: Any, settings: Mapping[str, Setting], word: str) -> Any:
    """A target of a user's own; UsageError, with the place in the user's code, if it cannot be made, or has something
    of the wrong kind. What its methods return is checked when they are called."""
    try:
        target = checked_class(kind, word)(settings)
        check_target(target, word)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"target {word} cannot be made: {type(error).__name__}: {error}{place(error)}") from error
    return target


def own_failure(error: BaseException) -> str:
    """A sentence about an error that a user's code raised; empty if it was raised by no such code."""
    where = place(error)
    return f"code of yours failed: {type(error).__name__}: {error}{where}; nothing was judged" if where else ""


def place(error: BaseException) -> str:
    """The place in a user's code at which an error was raised: `, at store.py:12`; empty if nowhere outside this
    package."""
    ours = str(Path(__file__).resolve().parent)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename, ours)]
    return f", at {shown_path(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def import_place(error: ImportError) -> str:
    """The place of the import that failed, in whosever file: `, at store.py:3`; empty if that is here."""
    whole = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in whole if not frame.filename.startswith("<") and frame.filename != __file__]
    here = not frames or Path(frames[-1].filename).parts[-2:] == ("importlib", "__init__.py")
    return "" if here else f", at {shown_path(frames[-1].filename)}:{frames[-1].lineno}"


def answers_at(target: Any) -> str:
    """The place in a user's code that makes a target's answers: `, answered at store.py:12`, the program's handler of
    requests or the method that makes clients; empty for a target of this package."""
    ours = str(Path(__file__).resolve().parent)
    program = getattr(type(target), "program", None)
    for owner, name in ((program, "on_request"), (type(target).__base__, "client")):
        code = getattr(inspect.getattr_static(owner, name, None), "__code__", None)
        if code is not None and not _is_ours(code.co_filename, ours):
            return f", answered by {name} at {shown_path(code.co_filename)}:{code.co_firstlineno}"
    return ""


def _is_ours(filename: str, ours: str) -> bool:
    path = Path(filename)
    return (
        filename.startswith("<frozen")
        or str(path.resolve()).startswith((ours, *map(str, _ROOMS), sys.base_prefix))
        or bool({"site-packages", "dist-packages"} & set(path.parts))
    )


def imported(name: str, word: str) -> ModuleType:
    """A user's module, by its name or as a file; UsageError, with the place in the user's code, if that fails.
    word: what is wanted of it, for messages."""
    try:
        return _from_file(name, word) if name.endswith(".py") else _from_path(name, word)
    except UsageError:
        raise
    except SyntaxError as error:
        where = shown_path(error.filename or name) + (f":{error.lineno}" if error.lineno else "")
        raise UsageError(f"{word}: {where}: {error.msg}") from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{word}: {error}{import_place(error)}; modules are looked for here and on PYTHONPATH"
        ) from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"{word}: importing it failed: {type(error).__name__}: {error}{place(error)}") from error


def _from_file(name: str, word: str) -> ModuleType:
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"{word}: there is no file {name}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{word}: {name} cannot be imported")
    _add_to_path(str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _from_path(name: str, word: str) -> ModuleType:
    """A module on the path, to which the working folder is added, last: nothing there takes the place of a library."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{word}: {name!r} is no name of a module; a file has its ending, as in ./store.py:Class")
    _add_to_path(str(Path.cwd()))
    module = importlib.import_module(name)
    here = Path.cwd() / f"{name.replace('.', '/')}.py"
    if here.is_file() and module.__file__ is not None and not here.samefile(module.__file__):
        raise UsageError(f"{word}: {name!r} is another module, {module.__file__}; name the file as ./{here.name}:Class")
    return module


def _add_to_path(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)
