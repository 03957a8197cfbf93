#!/usr/bin/env python3
"""Set up, show, test and measure Fengkong with nothing but Python and its standard library.

Python 3.11 or newer is needed, but this file must stay readable by Python 3.8, so that an old
Python is told what is missing instead of stumbling over the syntax (tests/setup checks it).
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON_MIN = (3, 11)
WINDOWS = os.name == "nt"
OUTPUT_LINES_KEPT = 400

# What a command needs, and the disk space it may take, package caches included.
FREE_MB_NEEDED = {"runtime": 1200, "develop": 1500, "bench": 2500}
FREE_MB_MIN = 300
# A lock file's versions agree with those of the others (tests/house), so more includes less.
INCLUDED_IN = {"runtime": ("develop", "bench"), "develop": (), "bench": ()}

USAGE = (
    """\
usage: python3 run.py COMMAND [ARGUMENTS]

  setup           make .venv and install the locked requirements
  demo [--once]   decide a simulated day and show the result
  test [...]      run the tests; arguments go to pytest
  nightly [...]   run the tests that take minutes
  bench [...]     measure beside other tools; arguments go to the benchmarks (--json FILE)
  lock            lock the requirements again after a change of requirements/*.in
""",
    """\
用法：python3 run.py 命令 [参数]

  setup           创建 .venv 并安装锁定的依赖
  demo [--once]   对模拟的一天做出决策并展示结果
  test [...]      运行测试；参数传给 pytest
  nightly [...]   运行耗时数分钟的测试
  bench [...]     与其他工具并排测量；参数传给基准测试（--json 文件）
  lock            修改 requirements/*.in 之后重新锁定依赖
""",
)

MESSAGES = {
    "python.too_old": (
        "Fengkong needs Python {needed} or newer, this is {found}: start run.py with a newer one.",
        "Fengkong 需要 Python {needed} 或更新版本，当前为 {found}：请用更新的 Python 运行 run.py。",
    ),
    "disk.full": (
        "The disk is full: free some space in {place} and run the same command again.",
        "磁盘已满：请在 {place} 腾出空间后重新运行同一命令。",
    ),
    "disk.low": (
        "Too little disk space in {place}: {free} MB free, {needed} MB needed.",
        "{place} 磁盘空间不足：剩余 {free} MB，需要 {needed} MB。",
    ),
    "venv.missing": (
        "This Python cannot make virtual environments: install its venv module (on Debian and "
        "Ubuntu: apt install python3-venv).",
        "无法创建虚拟环境：请安装 venv 模块（Debian/Ubuntu：apt install python3-venv）。",
    ),
    "venv.failed": (
        "The virtual environment could not be made: {reason}",
        "无法创建虚拟环境：{reason}",
    ),
    "venv.making": ("Making .venv ...", "正在创建 .venv ……"),
    "venv.discarding": (
        "The .venv is broken or half made; removing it ...",
        ".venv 已损坏或未完成，正在删除……",
    ),
    "venv.waiting": (
        "Another run.py is setting up; waiting for it ...",
        "另一个 run.py 正在安装，等待其完成……",
    ),
    "install.doing": (
        "Installing {what} with {tool} (once; takes a minute or two) ...",
        "正在用 {tool} 安装 {what}（仅需一次，约一两分钟）……",
    ),
    "install.uv_failed": ("uv could not install; trying pip ...", "uv 安装失败，改用 pip ……"),
    "install.network": (
        "No package index could be reached: check the network or pip's settings, then run the "
        "same command again.",
        "无法连接软件包索引：请检查网络或 pip 设置后重新运行同一命令。",
    ),
    "install.hash": (
        "A downloaded package is not the one that was locked (hash mismatch); nothing was "
        "installed. Check the package index that pip uses.",
        "下载的软件包与锁定的哈希不符，未安装任何内容。请检查 pip 使用的软件包索引。",
    ),
    "install.platform": (
        "A locked package has no build for this Python ({found}) and system: use Python 3.11 "
        "to 3.13 on 64-bit Linux, macOS or Windows.",
        "某个锁定的软件包不支持当前 Python（{found}）或系统：请在 64 位 Linux、macOS 或 Windows "
        "上使用 Python 3.11 至 3.13。",
    ),
    "install.failed": (
        "The installation failed: {reason} (all of it: .venv/install.log)",
        "安装失败：{reason}（完整日志：.venv/install.log）",
    ),
    "write.refused": (
        "Cannot write to {place}: run it from a folder that you may write to.",
        "无法写入 {place}：请在有写权限的目录中运行。",
    ),
    "setup.ready": ("Ready: {place}", "就绪：{place}"),
    "command.unknown": ("unknown command {found!r}", "未知命令 {found!r}"),
    "command.arguments": (
        "{command} takes no arguments, found {found!r}",
        "{command} 不接受参数，却收到 {found!r}",
    ),
    "bench.missing": (
        "There are no benchmarks here: the folder benchmarks/ is missing.",
        "此处没有基准测试：缺少 benchmarks/ 目录。",
    ),
    "lock.no_uv": (
        "Locking needs uv: install it (pip install uv) and run the same command again.",
        "锁定依赖需要 uv：请先安装（pip install uv）再运行同一命令。",
    ),
}

# What the tools print, in the order in which it is looked for, and what it means here.
TROUBLES = (
    ("disk.full", ("No space left on device", "Errno 28", "os error 28", "Disk quota exceeded")),
    ("install.hash", ("DO NOT MATCH THE HASHES", "Hash mismatch", "hash mismatch")),
    (
        "install.network",
        (
            "Max retries exceeded",
            "name resolution",
            "dns error",
            "error sending request",
            "Failed to fetch",
            "ReadTimeoutError",
            "Network is unreachable",
        ),
    ),
    (
        "install.platform",
        ("No matching distribution found", "no wheels with a matching", "No solution found"),
    ),
)


class SetupError(Exception):
    """The set-up cannot go on; says why in one line."""

    def __init__(self, name, **facts):
        super().__init__(name)
        self.name = name
        self.facts = facts


def main(arguments):
    """Runs one command and returns the exit code: 0, 1 set-up failed, 2 bad use, 130 Ctrl-C."""
    try:
        require_python(sys.version_info)
        return dispatch(arguments)
    except SetupError as error:
        say(error.name, **error.facts)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except OSError as error:
        return explain_os_error(error)


def dispatch(arguments):
    """Finds the command and runs it."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(USAGE[language()])
        return 0 if arguments else 2
    command, rest = arguments[0], arguments[1:]
    if command not in COMMANDS:
        say("command.unknown", found=command)
        sys.stderr.write(USAGE[language()])
        return 2
    if rest and command in ("setup", "lock"):
        say("command.arguments", command=command, found=rest[0])
        return 2
    return COMMANDS[command](rest)


def run_setup(_arguments):
    """Everything that `demo` needs."""
    set_up("runtime")
    say("setup.ready", place=VENV)
    return 0


def run_demo(arguments):
    """A simulated day, decided and shown."""
    set_up("runtime")
    return become([script("fengkong"), "demo", *arguments], cwd=os.getcwd())


def run_test(arguments):
    """The tests that fit into CI."""
    set_up("develop")
    return become([python(), "-m", "pytest", *arguments], cwd=ROOT)


def run_nightly(arguments):
    """The tests that take minutes."""
    set_up("develop")
    return become([python(), "-m", "pytest", "-m", "nightly", *arguments], cwd=ROOT)


def run_bench(arguments):
    """The benchmarks; a relative `--json FILE` is relative to where the command was given."""
    if not os.path.isdir(os.path.join(ROOT, "benchmarks")):
        raise SetupError("bench.missing")
    set_up("bench")
    search = [ROOT, os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, search))
    return become([python(), "-m", "benchmarks", *arguments], cwd=os.getcwd())


def run_lock(_arguments):
    """The lock files, written again from requirements/*.in for every platform."""
    uv = find_uv()
    if uv is None:
        raise SetupError("lock.no_uv")
    inputs = ["requirements/runtime.in", "requirements/build.in"]
    options = [
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--python-version={}.{}".format(*PYTHON_MIN),
        "--custom-compile-command=python3 run.py lock",
    ]
    for group, more in (
        ("runtime", []),
        ("develop", ["requirements/develop.in", "-c", "requirements/runtime.txt"]),
        ("bench", ["requirements/bench.in", "-c", "requirements/develop.txt"]),
    ):
        output = ["-o", "requirements/{}.txt".format(group)]
        code = subprocess.call(
            [uv, "pip", "compile", *options, *inputs, *more, *output],
            cwd=ROOT,
            env=uv_environment(),
            stdout=subprocess.DEVNULL,
        )
        if code:
            return code
    return 0


COMMANDS = {
    "setup": run_setup,
    "demo": run_demo,
    "test": run_test,
    "nightly": run_nightly,
    "bench": run_bench,
    "lock": run_lock,
}


def require_python(version):
    """Refuses a Python that is too old."""
    if tuple(version[:2]) < PYTHON_MIN:
        needed = "{}.{}".format(*PYTHON_MIN)
        raise SetupError("python.too_old", needed=needed, found="{}.{}".format(*version[:2]))


def set_up(group):
    """Makes `.venv` hold one group of locked requirements and the project; quick when it does."""
    with one_at_a_time():
        marker = read_marker()
        if needs_remaking(marker):
            discard_venv()
            require_space(group, installed=())
            make_venv()
            marker = {"root": ROOT, "state": "ready", "installed": {}, "project": ""}
        if not has_group(marker, group):
            require_space(group, installed=marker["installed"])
            install_group(marker, group)
        if marker["project"] != file_hash("pyproject.toml"):
            install_project(marker)


def needs_remaking(marker):
    """True when `.venv` is absent, moved, half made, interrupted or of an old Python.

    A healthy environment that somebody else made (no marker) is taken over, not thrown away.
    """
    if not os.path.isdir(VENV):
        return True
    if marker["state"] != "ready" or marker["root"] != ROOT:
        return True
    return not venv_works()


def venv_works():
    """True when the environment's Python starts, is new enough and can be installed into."""
    check = "import sys; sys.exit(sys.version_info[:2] < {!r})".format(PYTHON_MIN)
    if find_uv() is None:
        check = "import pip._internal; " + check
    try:
        return capture([python(), "-c", check])[0] == 0
    except OSError:
        return False


def discard_venv():
    """Takes a broken or half-made `.venv` away; it holds nothing that cannot be made again."""
    if not os.path.lexists(VENV):
        return
    say("venv.discarding")
    if os.path.islink(VENV) or os.path.isfile(VENV):
        os.remove(VENV)
    else:
        shutil.rmtree(VENV)


def make_venv():
    """An empty `.venv`."""
    say("venv.making")
    # Written first: when this is interrupted, the next run sees that it was not finished.
    os.makedirs(VENV)
    write_marker({"root": ROOT, "state": "making", "installed": {}, "project": ""})
    base = getattr(sys, "_base_executable", None) or sys.executable
    code, output = capture([base, "-m", "venv", VENV])
    uv = find_uv()
    if code and uv is not None:
        code, output = capture([uv, "venv", "--quiet", "--allow-existing", "--python", base, VENV])
    if code:
        shutil.rmtree(VENV, ignore_errors=True)
        text = "\n".join(output)
        if "ensurepip" in text or "No module named venv" in text:
            raise SetupError("venv.missing")
        raise SetupError(trouble(output) or "venv.failed", place=ROOT, reason=last_line(output))


def install_group(marker, group):
    """Installs one lock file; the marker says `installing` meanwhile."""
    lock = os.path.join(ROOT, "requirements", group + ".txt")
    write_marker(dict(marker, state="installing"))
    try:
        install(
            ["--require-hashes", "-r", lock], what="requirements/" + group + ".txt", group=group
        )
    except SetupError as error:
        # These fail before anything is changed, so what was there is still good.
        if error.name in ("install.network", "install.hash", "install.platform"):
            write_marker(marker)
        raise
    marker["installed"][group] = lock_hash(group)
    write_marker(marker)


def install_project(marker):
    """Installs Fengkong itself, editable, with the build tool that the lock brought: no network."""
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT]
    install(options, what="fengkong", group=None)
    marker["project"] = file_hash("pyproject.toml")
    write_marker(marker)


def install(options, what, group):
    """Runs uv when it can be had, else pip, and explains a failure in one line."""
    attempts = []
    uv = find_uv()
    if uv is not None:
        attempts.append(("uv", [uv, "pip", "install", "--python", python()], uv_environment()))
    attempts.append(("pip", [python(), "-m", "pip", "install", "--no-input"], pip_environment()))
    output = []
    for tool, command, environment in attempts:
        if group is not None:
            say("install.doing", what=what, tool=tool)
        code, output = capture(command + options, environment=environment)
        if code == 0:
            return
        with open(os.path.join(VENV, "install.log"), "w", encoding="utf-8") as log:
            log.write("\n".join(output))
        if trouble(output) == "disk.full":
            break
        if tool == "uv":
            say("install.uv_failed")
    raise SetupError(
        trouble(output) or "install.failed",
        place=ROOT,
        found="{}.{}".format(*sys.version_info[:2]),
        reason=last_line(output),
    )


def trouble(output):
    """The message that fits what a tool printed, or None."""
    text = "\n".join(output)
    for name, signs in TROUBLES:
        if any(sign in text for sign in signs):
            return name
    return None


def last_line(output):
    """The last thing a tool said."""
    return next((line.strip() for line in reversed(output) if line.strip()), "no output")


def capture(command, environment=None):
    """Runs a tool; on a terminal its latest line is shown. Returns (exit code, last lines)."""
    terminal = sys.stderr.isatty()
    width = max(shutil.get_terminal_size().columns - 4, 20)
    lines = []
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=environment,
        encoding="utf-8",
        errors="replace",
        cwd=ROOT,
    )
    with process:
        try:
            for line in process.stdout:
                lines = [*lines[-OUTPUT_LINES_KEPT:], line.rstrip("\n")]
                if terminal:
                    sys.stderr.write("\r\033[K  " + line.strip()[:width])
                    sys.stderr.flush()
        except KeyboardInterrupt:
            process.terminate()
            raise
        finally:
            if terminal:
                sys.stderr.write("\r\033[K")
    return process.returncode, lines


def become(command, cwd):
    """Hands over to a command, so that signals and the exit code are its own."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # compiling anew takes seconds a process
        os.environ.setdefault("PYTHONPYCACHEPREFIX", os.path.join(VENV, "bytecode"))
    sys.stdout.flush()
    sys.stderr.flush()
    if WINDOWS:  # exec would give the terminal back before the command ends
        return subprocess.call(command, cwd=cwd)
    os.chdir(cwd)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    return None


def find_uv():
    """The path of uv: the environment's own, or the one on PATH, or None."""
    own = script("uv")
    return own if os.path.exists(own) else shutil.which("uv")


def pip_environment():
    """pip's environment: nothing outside the lock files, no chatter."""
    return dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONNOUSERSITE="1")


def uv_environment():
    """uv's environment: it does not read pip's settings, so the index set for pip is passed on."""
    environment = dict(os.environ)
    said = "UV_DEFAULT_INDEX" in environment or "UV_INDEX_URL" in environment
    if not said and (index := pip_index()):
        environment["UV_DEFAULT_INDEX"] = index
    if "PIP_CERT" in environment:
        environment.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    return environment


def pip_index():
    """The package index that pip is set to use (a mirror, a firm's own), or None."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    try:
        code, output = capture([sys.executable, "-m", "pip", "config", "get", "global.index-url"])
    except OSError:
        return None
    return last_line(output) if code == 0 else None


def has_group(marker, group):
    """True when the group, or one that includes it, is installed as its lock file stands."""
    return any(
        marker["installed"].get(name) == lock_hash(name) for name in (group,) + INCLUDED_IN[group]
    )


def file_hash(*names):
    """SHA-256 of a text file of the project, whatever line ends git gave it."""
    with open(os.path.join(ROOT, *names), "rb") as file:
        return hashlib.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest()


def lock_hash(group):
    """What identifies a lock file's contents."""
    return file_hash("requirements", group + ".txt")


def read_marker():
    """What run.py knows of `.venv`; an unreadable marker counts as an interrupted set-up."""
    nothing = {"root": ROOT, "state": "ready", "installed": {}, "project": ""}
    try:
        with open(marker_path(), encoding="utf-8") as file:
            marker = json.load(file)
    except FileNotFoundError:
        return nothing
    except ValueError:
        return dict(nothing, state="unreadable")
    if not isinstance(marker, dict) or set(marker) != set(nothing):
        return dict(nothing, state="unreadable")
    return marker


def write_marker(marker):
    """Replaces the marker in one step."""
    temporary = marker_path() + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(marker, file, indent=1, sort_keys=True)
    os.replace(temporary, marker_path())


def marker_path():
    """Where run.py notes what it installed."""
    return os.path.join(VENV, "fengkong-setup.json")


def require_space(group, installed):
    """Refuses to start an installation that cannot end for want of disk space."""
    already = max((FREE_MB_NEEDED[name] for name in installed), default=0)
    needed = max(FREE_MB_NEEDED[group] - already, FREE_MB_MIN)
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < needed:
        raise SetupError("disk.low", place=ROOT, free=free, needed=needed)


@contextlib.contextmanager
def one_at_a_time():
    """Holds the set-up lock, so that two run.py do not install over each other."""
    try:
        import fcntl  # noqa: PLC0415 - absent on Windows
    except ImportError:
        yield
        return
    with open(os.path.join(ROOT, ".venv.lock"), "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            say("venv.waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def python():
    """The environment's Python."""
    return script("python")


def script(name):
    """A command of the environment."""
    folder, suffix = ("Scripts", ".exe") if WINDOWS else ("bin", "")
    return os.path.join(VENV, folder, name + suffix)


def explain_os_error(error):
    """One line for a full disk or a folder that cannot be written to; anything else is a bug."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        say("disk.full", place=ROOT)
        return 1
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        say("write.refused", place=error.filename or ROOT)
        return 1
    raise error


def language():
    """0 for English, 1 for Chinese, as the terminal is set."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return 1 if os.environ[name].lower().startswith("zh") else 0
    return 0


def say(name, **facts):
    """One line for the person, beside whatever the command prints."""
    sys.stderr.write("run.py: " + MESSAGES[name][language()].format(**facts) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
