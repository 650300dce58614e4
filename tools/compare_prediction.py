# SPDX-License-Identifier: Apache-2.0
"""The tasks of compare_peers.py that predict: "latency", one example at a time, and "throughput".

The network is a trained 784-128-10. All contestants have its weights, and whoever does not give the
probabilities that NumPy computes from them is left out.
"""
import functools
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
ONE_BY_ONE = 100  # as bench/prediction.cc has it
PASSES = 5
BATCH = 10000


@functools.cache  # so that nothing is said twice
def note(text):
    print(text, file=sys.stderr)


def train(folder):
    """Trains a model, and returns its file and the parameters in it."""
    file = folder / "model.safetensors"
    subprocess.run([BIN / "colonnade", "train", ROOT / "data/mnist_train.csv", "--hidden", "128",
                    "--epochs", "2", "-q", "-o", file], check=True, capture_output=True)
    import numpy as np
    content = file.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])

    def tensor(name):
        begin, end = (8 + size + offset for offset in header[name]["data_offsets"])
        return np.frombuffer(content[begin:end], np.float32).reshape(header[name]["shape"])

    return file, [tensor(name) for name in ("0.weight", "0.bias", "2.weight", "2.bias")]


def reference(np, parameters, x):
    w1, b1, w2, b2 = (p.astype(np.float64) for p in parameters)
    z = np.maximum(x @ w1.T + b1, 0) @ w2.T + b2
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class PyTorch:
    """As it is, by torch.compile, or as TorchScript optimized for inference."""

    WAYS = ("eager", "compiled", "TorchScript")

    def __init__(self, parameters, threads, way):
        import torch
        self.torch = torch
        self.name = f"PyTorch {torch.__version__}, {way}"
        self.threads = threads
        w1, b1, w2, b2 = (torch.tensor(p) for p in parameters)
        self.model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(),
                                         torch.nn.Linear(128, 10), torch.nn.Softmax(1)).eval()
        names = ("0.weight", "0.bias", "2.weight", "2.bias")
        self.model.load_state_dict(dict(zip(names, (w1, b1, w2, b2))))
        if way == "compiled":
            self.model = torch.compile(self.model, dynamic=False)
        elif way == "TorchScript":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # deprecated, but still the fastest for one example
                traced = torch.jit.trace(self.model, torch.zeros(1, 784))
                self.model = torch.jit.optimize_for_inference(traced)

    def prepare(self, batches):
        return [self.torch.from_numpy(batch) for batch in batches]

    def run(self, inputs):
        self.torch.set_num_threads(self.threads)
        with self.torch.inference_mode():
            for x in inputs:
                y = self.model(x)
        return y.numpy()


class ScikitLearn:
    name = "scikit-learn"

    def __init__(self, parameters, threads):
        import numpy as np
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits
        self.limits = lambda: threadpool_limits(threads)
        # A first step makes the object whole; then it gets the parameters.
        self.model = MLPClassifier((128,), batch_size=10)
        classes = np.arange(10)
        self.model.partial_fit(np.zeros((10, 784), np.float32), classes, classes=classes)
        w1, b1, w2, b2 = parameters
        self.model.coefs_ = [np.ascontiguousarray(w1.T), np.ascontiguousarray(w2.T)]
        self.model.intercepts_ = [b1, b2]

    def prepare(self, batches):
        return batches

    def run(self, inputs):
        with self.limits():
            for x in inputs:
                y = self.model.predict_proba(x)
        return y


class OnnxRuntime:
    """By its Python interface, everything bound to memory before the call."""

    def __init__(self, file, threads, trivial=False):
        import onnxruntime
        self.name = f"ONNX Runtime {onnxruntime.__version__}, Python"
        self.trivial = trivial
        if trivial:
            self.name = "  a trivial graph"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file, options,
                                                    providers=["CPUExecutionProvider"])

    def prepare(self, batches):
        import numpy as np
        bindings = []
        for x in batches:
            self.y = np.empty((len(x), 10), np.float32)
            binding = self.session.io_binding()
            binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
            binding.bind_output("y", "cpu", 0, np.float32, self.y.shape, self.y.ctypes.data)
            bindings.append((binding, x, self.y))
        return bindings

    def run(self, inputs):
        for binding, _, y in inputs:
            self.session.run_with_iobinding(binding)
        return y


def write_onnx(folder, parameters):
    """Files of the network and of a graph that does next to nothing: for one example, for many."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    def write(name, rows, nodes, constants):
        graph = helper.make_graph(
            nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 784])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, 10])],
            [numpy_helper.from_array(np.ascontiguousarray(value), key)
             for key, value in constants.items()])
        model = helper.make_model(graph, ir_version=9,
                                  opset_imports=[helper.make_opsetid("", 17)])
        file = str(folder / f"{name}.onnx")
        save(model, file)
        return file

    w1, b1, w2, b2 = parameters
    layers = [helper.make_node("Gemm", ["x", "w1", "b1"], ["z1"], transB=1),
              helper.make_node("Relu", ["z1"], ["a1"]),
              helper.make_node("Gemm", ["a1", "w2", "b2"], ["z2"], transB=1),
              helper.make_node("Softmax", ["z2"], ["y"])]
    constants = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    slices = {"begin": np.array([0]), "end": np.array([10]), "axis": np.array([1])}
    cut = [helper.make_node("Slice", ["x", *slices], ["y"])]
    return (write("one", 1, layers, constants), write("many", "n", layers, constants),
            write("trivial", 1, cut, slices))


def make(kind, *arguments):
    """A contestant in a list, or none where its package is missing."""
    try:
        return [kind(*arguments)]
    except ImportError as error:
        note(f"({kind.__name__} left out: {error})")
        return []


def all_but_onnx(parameters, threads):
    ways = (c for way in PyTorch.WAYS for c in make(PyTorch, parameters, threads, way))
    return [*ways, *make(ScikitLearn, parameters, threads)]


def keep_right(contestants, np, parameters, batch):
    expected = reference(np, parameters, batch)
    for c in list(contestants):
        try:
            found = c.run(c.prepare([batch]))
        except Exception as error:  # one that does not work here is left out, and said so
            found, reason = None, str(error).splitlines()[0]
        else:
            reason = "other probabilities than NumPy's"
        wrong = found is None or not np.allclose(found, expected, atol=1e-4)
        if wrong and not getattr(c, "trivial", False):
            note(f"({c.name} left out: {reason})")
            contestants.remove(c)


class Program:
    """colonnade_prediction: the library, and ONNX Runtime by its C++ interface beside it."""

    def __init__(self, folder, model, raw, onnx_files):
        self.examples = folder / "examples.f32"
        raw.tofile(self.examples)
        self.command = [BIN / "colonnade_prediction", model, self.examples]
        if not self.command[0].exists():
            sys.exit(f"{self.command[0]} is missing: build with -DCOLONNADE_BUILD_BENCH=ON")
        self.peers = []
        if onnx_files:
            import onnxruntime
            capi = pathlib.Path(onnxruntime.__file__).parent / "capi"
            name = f"ONNX Runtime {onnxruntime.__version__}, C++"
            self.peers = [*capi.glob("libonnxruntime.so*"), f"{name}={onnx_files[0]}",
                          f"  a trivial graph, C++={onnx_files[2]}"]
            if len(self.peers) != 3 or subprocess.run(
                [*self.command, "1", *self.peers], capture_output=True).returncode != 0:
                note("(ONNX Runtime's C++ interface left out: colonnade_prediction was built "
                     "without its header)")
                self.peers = []

    def run(self):
        result = subprocess.run([*self.command, "1", *self.peers], check=True, capture_output=True)
        return json.loads(result.stdout)


def onnx_files_if_possible(folder, parameters):
    try:
        import onnxruntime  # noqa: F401
        return write_onnx(folder, parameters)
    except ImportError as error:
        note(f"(ONNX Runtime left out: {error})")
        return None


def latency(np, raw, rounds):
    """Yields (title, {name: seconds per example in each round})."""
    no_zeros = 1 + (np.arange(ONE_BY_ONE * 784) * 7 % 255).astype(np.float32).reshape(-1, 784)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model, parameters = train(folder)
        files = onnx_files_if_possible(folder, parameters)
        for title, examples in (("MNIST", raw[:ONE_BY_ONE]), ("inputs without zeros", no_zeros)):
            x = examples / np.float32(255)
            contestants = all_but_onnx(parameters, 1)
            if files:
                contestants += [*make(OnnxRuntime, files[0], 1),
                                *make(OnnxRuntime, files[2], 1, True)]
            keep_right(contestants, np, parameters, x[:1].copy())
            inputs = [c.prepare([row[None].copy() for row in x]) for c in contestants]
            program = Program(folder, model, examples, files)
            times = {}
            for turn in range(rounds + 1):
                results = {name: t[0] for name, t in program.run()["one"].items()}
                for c, own in zip(contestants, inputs):
                    begin = time.thread_time()
                    for _ in range(PASSES):
                        c.run(own)
                    results[c.name] = (time.thread_time() - begin) / (PASSES * ONE_BY_ONE)
                for name, seconds in results.items():
                    if turn > 0:  # the first turn warms up
                        times.setdefault(name, []).append(seconds)
            yield f"latency, one example at a time on one thread, {title}", times


def throughput(np, raw, rounds, threads):
    """Yields (title, {name: seconds per batch in each round})."""
    raw = raw[:BATCH]
    x = raw / np.float32(255)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model, parameters = train(folder)
        files = onnx_files_if_possible(folder, parameters)
        contestants = all_but_onnx(parameters, threads)
        if files:
            contestants += make(OnnxRuntime, files[1], threads)
        keep_right(contestants, np, parameters, x)
        inputs = [c.prepare([x]) for c in contestants]
        program = Program(folder, model, raw, None)
        times = {"Colonnade": []}
        for turn in range(rounds + 1):
            results = {"Colonnade": program.run()["all"][0]}
            for c, own in zip(contestants, inputs):
                begin = time.perf_counter()
                c.run(own)
                results[c.name] = time.perf_counter() - begin
            for name, seconds in results.items():
                if turn > 0:
                    times.setdefault(name, []).append(seconds)
        yield f"throughput, a batch of {BATCH} on {threads} threads", times
