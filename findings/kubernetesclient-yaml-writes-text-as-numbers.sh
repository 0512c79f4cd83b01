# WHAT: KubernetesYaml.Serialize quotes "010" and "1e3" of a ConfigMap but writes "0x1F", "0o17", ".inf" and "2024-01-01" bare: other YAML readers get numbers and dates
# GUESS: the writer that quotes "yes", "010" and "1e3" quotes every text that YAML would read as something else.
# SEEN: KubernetesClient 21.0.8 read by PyYAML 6.0 (YAML 1.1) and by npm's yaml 2.8.1 (YAML 1.2): 0x1F is 31 in both,
#   1_000 and 12:30:45 are numbers in 1.1, 0o17 and .inf are numbers in 1.2. The client itself reads all back as text, because it
#   knows the type.
# MATTERS: a ConfigMap's values must be strings, so a manifest written by the client may be refused, or changed, by another tool.
source "$(dirname "$0")/common.sh"
need python3 python3-minimal
need node nodejs
need npm npm
debian python3-yaml=6.0-3+b2 libyaml-0-2=0.2.5-1
(cd "$work" && npm install --silent --no-save --prefix "$work/npm" yaml@2.8.1) >"$work/npm.log" 2>&1 || cannot "npm could not install yaml"
project Microsoft.NET.Sdk KubernetesClient/21.0.8 <<'CSHARP'
using k8s;
using k8s.Models;
string[] texts = ["yes", "010", "1e3", "true", "null", "0x1F", "0o17", "1_000", "12:30:45", ".inf", "2024-01-01"];
var map = new V1ConfigMap { Data = texts.Select((text, at) => (Key: $"k{at:00}", text)).ToDictionary(pair => pair.Key, pair => pair.text) };
string yaml = KubernetesYaml.Serialize(map);
File.WriteAllText(args[0], yaml);
var again = KubernetesYaml.Deserialize<V1ConfigMap>(yaml);
Console.WriteLine(again.Data.All(pair => pair.Value == map.Data[pair.Key]) ? "same" : "different");
CSHARP
same "read back by the client" "$("$work/out/finding" "$work/map.yaml")" "same"
cat "$work/map.yaml"
in_python=$(PYTHONPATH="$work/unpacked/usr/lib/python3/dist-packages" python3 -c '
import sys, yaml
print(" ".join(str(type(v).__name__) for _, v in sorted(yaml.safe_load(open(sys.argv[1]))["data"].items())))' "$work/map.yaml")
in_node=$(NODE_PATH="$work/npm/node_modules" node -e '
const data = require("yaml").parse(require("fs").readFileSync(process.argv[1], "utf8")).data;
console.log(Object.keys(data).sort().map(key => typeof data[key]).join(" "));' "$work/map.yaml")
same "types in YAML 1.1 (yes 010 1e3 true null 0x1F 0o17 1_000 12:30:45 .inf 2024-01-01)" "$in_python" "str str str str str int str int int float date"
same "types in YAML 1.2 (the same)" "$in_node" "string string string string string number number string string number string"
