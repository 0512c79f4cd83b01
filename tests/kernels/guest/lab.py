"""A node of Kubernetes in one machine: namespaces node, cli, b1, b2, routed /32 addresses, and raw segments of chosen connections."""
import contextlib, ctypes, os, socket, struct, subprocess, time

LIBC = ctypes.CDLL(None, use_errno=True)
PODS = {"cli": "10.244.0.11", "b1": "10.244.0.12", "b2": "10.244.0.13"}
LISTENERS = {}
PODS6 = {name: "fd01::" + address.rsplit(".", 1)[1] for name, address in PODS.items()}


def sh(command, check=True):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout


def node(command, check=True):
    return sh(f"nsenter --net=/run/netns/node {command}", check)


@contextlib.contextmanager
def inside(name):
    """The calling thread is in the namespace: sockets that it makes stay there."""
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{name}", os.O_RDONLY)
    if LIBC.setns(there, 0):
        raise OSError(ctypes.get_errno(), name)
    try:
        yield
    finally:
        LIBC.setns(home, 0)
        os.close(home), os.close(there)


def build():
    sh("ip netns add node")
    node("ip link set lo up")
    for key in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
        node(f"sysctl -qw net.{key}=1")
    for name, address in PODS.items():
        sh(f"ip netns add {name}")
        sh(f"ip link add v-{name} netns node type veth peer name eth0 netns {name}")
        six = PODS6[name]
        for line in ("ip link set lo up", f"ip addr add {address}/32 dev eth0", f"ip -6 addr add {six}/128 dev eth0 nodad", "ip link set eth0 up",
                     "ip route add 169.254.1.1 dev eth0", "ip route add default via 169.254.1.1"):
            sh(f"ip -n {name} {line[3:]}")
        node(f"sysctl -qw net.ipv4.conf.v-{name}.proxy_arp=1")
        node(f"ip link set v-{name} up")
        node(f"ip route add {address} dev v-{name}")
        node(f"ip -6 addr add fe80::1/64 dev v-{name} nodad", check=False)
        node(f"ip -6 route add {six} dev v-{name}")
        sh(f"ip -n {name} -6 route add default via fe80::1 dev eth0")
    node("ip addr add 169.254.1.1/32 dev lo")


def nat(vip, backend, port=80, to=8080):
    """The rule of a Service with one backend; the former one is replaced in place, as kube-proxy does it."""
    table = "cc_nat_" + vip.replace(".", "_").replace(":", "_")
    family, address = ("ip6", f"[{backend}]") if ":" in backend else ("ip", backend)
    rules = f"""table {family} {table} {{}}
        flush table {family} {table}
        table {family} {table} {{ chain pre {{ type nat hook prerouting priority dstnat;
          {family} daddr {vip} tcp dport {port} dnat to {address}:{to}
          {family} daddr {vip} tcp dport 81 dnat to {address}:8081
        }}
        }}"""
    done = subprocess.run(["nsenter", "--net=/run/netns/node", "nft", "-f", "-"], input=rules, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


def listen(name, port=8080, family=socket.AF_INET):
    """A listener of IPv4; the same one for every case."""
    if (name, port) in LISTENERS:
        return LISTENERS[name, port]
    with inside(name):
        server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    server.listen(64)
    server.settimeout(10)
    LISTENERS[name, port] = server
    return server


def listen6(name, port=8080):
    """The same beside it for IPv6."""
    if (name, port, 6) in LISTENERS:
        return LISTENERS[name, port, 6]
    with inside(name):
        server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", port))
    server.listen(64)
    server.settimeout(10)
    LISTENERS[name, port, 6] = server
    return server


def client(name, family=socket.AF_INET, timeout=5):
    with inside(name):
        made = socket.socket(family, socket.SOCK_STREAM)
    made.settimeout(timeout)
    return made


def pair(server, vip, port=80, name="cli"):
    """A connection by the Service: both ends, after one byte in each direction."""
    made = client(name, server.family)
    made.connect((vip, port))
    peer, _ = server.accept()
    peer.settimeout(5)
    made.sendall(b"a"), peer.recv(1), peer.sendall(b"b"), made.recv(1)
    return made, peer


def abort(end):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def heard(end, data=b"x", seconds=2.0):
    """What a peer gets of what is sent: the data, "reset", or "nothing"."""
    end.settimeout(seconds)
    try:
        got = end.recv(64)
        return got.decode() if got else "closed"
    except ConnectionError:
        return "reset"
    except TimeoutError:
        return "nothing"


def sequences(end):
    """The next sequence numbers that the socket sends and expects (TCP_REPAIR)."""
    end.setsockopt(socket.IPPROTO_TCP, 19, 1)
    try:
        result = []
        for queue in (2, 1):  # TCP_SEND_QUEUE, TCP_RECV_QUEUE
            end.setsockopt(socket.IPPROTO_TCP, 20, queue)
            result.append(struct.unpack("I", end.getsockopt(socket.IPPROTO_TCP, 21, 4))[0])
        return result
    finally:
        end.setsockopt(socket.IPPROTO_TCP, 19, -1)  # off, without a window probe


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def inject(name, end, ahead=16 << 20, flags=0x18, data=b"stray"):
    """A raw segment of the socket's own connection, beyond the window that conntrack allows."""
    sent, expected = sequences(end)
    source, target = end.getsockname()[:2], end.getpeername()[:2]
    family = end.family
    pack = lambda address: socket.inet_pton(family, address)
    head = lambda check: struct.pack("!HHIIBBHHH", source[1], target[1], (sent + ahead) & 0xFFFFFFFF, expected, 0x50, flags, 512, check, 0)
    segment = head(0) + data
    pseudo = pack(source[0]) + pack(target[0]) + (struct.pack("!BBH", 0, 6, len(segment)) if family == socket.AF_INET else struct.pack("!I3xB", len(segment), 6))
    segment = head(checksum(pseudo + segment)) + data
    with inside(name):
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.sendto(segment, (target[0], 0))
    raw.close()


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
