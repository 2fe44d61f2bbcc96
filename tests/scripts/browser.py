#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Chromium without a window, controlled by the DevTools protocol over a pair of pipes.

browser.py PAGE WIDTH light|dark PICTURE: write a picture of a page in a file, as a PNG.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DEADLINE = 60 * int(os.environ.get('HARNESS_SLOWNESS', '1'))
PROGRAM = shutil.which('chromium')
# A snap may not read our files.
if PROGRAM and os.path.basename(os.path.realpath(PROGRAM)) == 'snap':
    PROGRAM = None


class Browser:
    """One page of a browser, for "with"; "requests" has the address of each request."""

    def __init__(self):
        self.requests, self.messages = [], []
        self.received, self.last, self.events = b'', 0, []

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self.commands = os.pipe()
        self.results, results = os.pipe()

        def pipes():
            # The browser reads from 3 and writes to 4; neither may be overwritten too early.
            low, high = os.dup(commands), os.dup(results)
            os.dup2(low, 3)
            os.dup2(high, 4)

        # Without the sandbox, which not every container allows: the pages are our own.
        self.process = subprocess.Popen(
            [PROGRAM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--disable-background-networking', '--disable-breakpad', '--hide-scrollbars',
             '--no-first-run', f'--user-data-dir={self.home.name}', '--remote-debugging-pipe', 'about:blank'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=pipes, start_new_session=True,
            env={**os.environ, 'HOME': self.home.name, 'TMPDIR': self.home.name,
                 'XDG_RUNTIME_DIR': self.home.name})
        os.close(commands)
        os.close(results)
        self.session = None
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Network', 'Runtime'):
            self.call(f'{domain}.enable')
        return self

    def __exit__(self, *_):
        # The browser exits when no one can control it any more.
        os.close(self.commands)
        os.close(self.results)
        try:
            self.process.wait(DEADLINE)
        finally:
            # Its helpers are in its process group.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.home.cleanup()

    def call(self, method, **parameters):
        """Call a method of the protocol, and return its result."""
        self.last += 1
        message = {'id': self.last, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.commands, json.dumps(message).encode() + b'\0')
        reply = self.receive(lambda reply: reply.get('id') == message['id'])
        if 'error' in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply['result']

    def receive(self, wanted):
        """Read until a wanted message comes; remember requests and errors."""
        deadline = time.monotonic() + DEADLINE
        while True:
            while b'\0' not in self.received:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.results], [], [], left)[0]:
                    raise TimeoutError('the browser does not answer')
                data = os.read(self.results, 65536)
                if not data:
                    raise RuntimeError('the browser has exited')
                self.received += data
            text, _, self.received = self.received.partition(b'\0')
            message = json.loads(text)
            if message.get('method') == 'Network.requestWillBeSent':
                self.requests.append(message['params']['request']['url'])
            elif message.get('method') == 'Runtime.exceptionThrown':
                self.messages.append(message['params']['exceptionDetails']['text'])
            elif 'method' in message:
                self.events.append(message['method'])
            if wanted(message):
                return message

    def screen(self, width, height, scheme):
        """The size of the screen, and the colours: "light" or "dark"."""
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def load(self, address):
        """Load a page, and wait until all of it is there."""
        self.events = []
        self.call('Page.navigate', url=address)
        if 'Page.loadEventFired' not in self.events:
            self.receive(lambda message: message.get('method') == 'Page.loadEventFired')

    def evaluate(self, expression):
        """The value of an expression of JavaScript in the page."""
        done = self.call('Runtime.evaluate', expression=expression, returnByValue=True,
                         awaitPromise=True, userGesture=True)
        if 'exceptionDetails' in done:
            raise RuntimeError(str(done['exceptionDetails']))
        return done['result'].get('value')

    def screenshot(self, path, whole=False):
        """Write a picture of the screen, or of the whole page."""
        done = self.call('Page.captureScreenshot', captureBeyondViewport=whole)
        with open(path, 'wb') as file:
            file.write(base64.b64decode(done['data']))


if __name__ == '__main__':
    with Browser() as browser:
        browser.screen(int(sys.argv[2]), 1000, sys.argv[3])
        browser.load(pathlib.Path(sys.argv[1]).resolve().as_uri())
        browser.screenshot(sys.argv[4], whole=True)
