"""The whole package of i.MX 8M Plus on this machine: the real runner, LiteRT, and a delegate built for the test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry.deployment import imx8mp
from tests.unit.deployment.packages import NOTHING, program, written
from tests.unit.family import subject

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs the Debian package gcc")

DELEGATE = r"""
#include <stddef.h>
#include <stdio.h>

/* TfLiteDelegate of TensorFlow Lite's C interface; it takes no operator, and says that it was asked. */
struct delegate {
    void *data;
    int (*prepare)(void *context, struct delegate *self);
    void *from_buffer, *to_buffer, *free_buffer;
    long long flags;
    void *builder;
};

static int prepare(void *context, struct delegate *self) {
    (void)context;
    (void)self;
    puts("delegate asked");
    fflush(stdout);
    return 0;
}

static struct delegate only = {0, prepare, 0, 0, 0, 0, 0};

void *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
    (void)keys, (void)values, (void)count, (void)report;
    return &only;
}

void tflite_plugin_destroy_delegate(void *delegate) { (void)delegate; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An external delegate."""
    folder = tmp_path_factory.mktemp("delegate")
    (folder / "delegate.c").write_text(DELEGATE)
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "delegate.c", "-o", "libdelegate.so"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "libdelegate.so"


@pytest.mark.parametrize(("mode", "asked"), [("segment", False), ("segment-npu", True)])
def test_the_selftest_passes_on_either_engine(tmp_path: Path, library: Path, mode: str, asked: bool) -> None:
    folder = written(
        imx8mp.package(subject("256-int8-per-tensor", "imx8mp"), NOTHING, tmp_path), tmp_path / "package"
    )
    launcher = folder / "run.sh"
    launcher.write_text(launcher.read_text().replace(imx8mp.DELEGATE, str(library)))
    python = program(tmp_path / "bin" / "python3", f'exec "{sys.executable}" "$@"').parent
    done = subprocess.run(
        [launcher, mode, "--selftest"],
        env={"PATH": f"{python}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "shapes: pass" in done.stdout
    assert ("delegate asked" in done.stdout) is asked
