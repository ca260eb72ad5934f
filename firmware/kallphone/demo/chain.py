import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
DEPLOY_TIMEOUT = 240.0
RPC_TIMEOUT = 30.0
_LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
_TRANSFER = "a9059cbb"  # transfer(address,uint256)


class ChainError(Exception):
    pass


@dataclass(frozen=True)
class ChainAccount:
    address: str
    key: str


class LocalChain:
    """anvil on a free loopback port, with a block for each transaction.

    With `block_time` (seconds) there is also one each so often, and a block is final two blocks later;
    without it, 64 blocks later. `accounts` have gas, and the node signs for them; the first one deploys and,
    unless told otherwise, holds the whole supply of kallCoin.
    """

    def __init__(self, chain_id: int = 31337, block_time: int | None = None) -> None:
        self.chain_id = chain_id
        self._mining = (
            [] if block_time is None
            else ["--block-time", str(block_time), "--mixed-mining", "--slots-in-an-epoch", "1"]
        )  # fmt: skip
        self.url = ""
        self.accounts: tuple[ChainAccount, ...] = ()
        self.deployment: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._port: queue.Queue[int | None] = queue.Queue()
        self._output: deque[str] = deque(maxlen=50)
        self._http = requests.Session()

    @property
    def deployer_key(self) -> str:
        return self.accounts[0].key

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            config = Path(scratch) / "anvil.json"
            self._process = subprocess.Popen(
                [str(CONTRACTS / "bin" / "anvil"), "--host", "127.0.0.1", "--port", "0",
                 "--chain-id", str(self.chain_id), "--hardfork", "cancun", "--config-out", str(config),
                 *self._mining],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            self._reader = threading.Thread(target=self._read_output, name="anvil output", daemon=True)
            self._reader.start()
            self.url = f"http://127.0.0.1:{self._await_port()}"
            written = json.loads(config.read_text())
        pairs = zip(written["available_accounts"], written["private_keys"], strict=True)
        self.accounts = tuple(ChainAccount(address, key) for address, key in pairs)

    def freeze(self) -> None:
        """It answers nobody any more, as behind a cut cable, until it is thawed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        self._http.close()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def deploy(
        self,
        out: Path,
        holder: str | None = None,
        supply: int = 10**15,
        exit_delay: int = 3600,
        votes: tuple[int, int, int, int] | None = None,
    ) -> dict[str, Any]:
        """Deploys and returns what deploy.py wrote to `out`/<chain id>.json (see `deployment_path`).

        `votes`: cycle, proposing and voting in blocks, quorum in 1/10000 of the supply.
        """
        schedule = [] if votes is None else ["--votes", *map(str, votes)]
        run = subprocess.run(
            [sys.executable, str(CONTRACTS / "deploy.py"), "--rpc", self.url,
             "--holder", holder or self.accounts[0].address, "--supply", str(supply),
             "--exit-delay", str(exit_delay), "--out", str(out), *schedule],
            env={**os.environ, "DEPLOYER_KEY": self.deployer_key},
            capture_output=True, text=True, timeout=DEPLOY_TIMEOUT, check=False,
        )  # fmt: skip
        if run.returncode != 0:
            raise ChainError(run.stderr.strip())
        self.deployment = json.loads(self.deployment_path(out).read_text())
        return self.deployment

    def deployment_path(self, out: Path) -> Path:
        return out / f"{self.chain_id}.json"

    def rpc(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self._http.post(self.url, json=body, timeout=RPC_TIMEOUT).json()
        if "error" in answer:
            raise ChainError(f"{method}: {answer['error']}")
        return answer["result"]

    def transact(self, to: str, data: bytes, sender: str | None = None) -> dict[str, Any]:
        """Sends from one of `accounts` and returns the receipt; raises when the call reverts."""
        transaction = {"from": sender or self.accounts[0].address, "to": to, "data": "0x" + data.hex()}
        receipt: dict[str, Any] = self.rpc("eth_sendTransactionSync", transaction)
        if int(receipt["status"], 16) != 1:
            raise ChainError(f"transaction {receipt['transactionHash']} reverted")
        return receipt

    def give_coins(self, to: str, amount: int) -> None:
        """From the deployer's kallCoin, in base units."""
        data = bytes.fromhex(_TRANSFER) + bytes.fromhex(to[2:]).rjust(32, b"\0") + amount.to_bytes(32, "big")
        self.transact(self.deployment["contracts"]["KallCoin"], data)

    def give_gas(self, to: str, wei: int = 10**18) -> None:
        self.rpc("anvil_setBalance", to, hex(wei))
        self.mine()  # what anvil changes by decree is in no block's state root until then

    def height(self, which: str = "latest") -> int:
        return int(self.rpc("eth_getBlockByNumber", which, False)["number"], 16)

    def time(self) -> int:
        """Unix time of the latest block."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def pass_time(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.mine()

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def snapshot(self) -> str:
        taken: str = self.rpc("evm_snapshot")
        return taken

    def revert(self, snapshot: str) -> None:
        self.rpc("evm_revert", snapshot)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _read_output(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output.append(line)
            if match := _LISTENING.search(line):
                self._port.put(int(match[1]))
        self._port.put(None)

    def _await_port(self) -> int:
        try:
            port = self._port.get(timeout=START_TIMEOUT)
        except queue.Empty:
            port = None
        if port is None:
            self.stop()
            raise ChainError("anvil did not start:\n" + "".join(self._output))
        return port
