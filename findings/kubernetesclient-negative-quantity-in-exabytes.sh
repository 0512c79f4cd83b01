# WHAT: KubernetesClient writes the quantity -1 as "-0.000000000000000001E", minus a quintillionth of an exa-unit
# GUESS: "-1"; every positive quantity keeps its usual form, so a negative one does too.
# SEEN: KubernetesClient 21.0.8: 1 → "1", 1000m → "1", but -1 → "-0.000000000000000001E" and -500m → "-0.0000000000000000005E"
#   (numerically the same). The suffix is chosen by comparing with the value itself, not with its magnitude.
# MATTERS: negative quantities are valid (a metric of an external metrics API, the difference of two usages), and this text goes
#   to the API server, into annotations and onto screens.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk KubernetesClient/21.0.8 <<'CSHARP'
using k8s;
using k8s.Models;
foreach (string text in (string[])["1", "1000m", "1536Mi", "-1", "-500m", "-64Mi"])
{
    var quantity = new ResourceQuantity(text);
    Console.WriteLine($"{text} {KubernetesJson.Serialize(quantity)} {quantity.ToDecimal():0.###}");
}
CSHARP
"$work/out/finding" >"$work/quantities"
cat "$work/quantities"
written() { awk -v text="$1" '$1 == text { print $2 }' "$work/quantities"; }
same "1000m" "$(written 1000m)" '"1"'
same "1536Mi" "$(written 1536Mi)" '"1536Mi"'
same "-1" "$(written -1)" '"-0.000000000000000001E"'
same "-500m" "$(written -500m)" '"-0.0000000000000000005E"'
same "value of -1" "$(awk '$1 == "-1" { print $3 }' "$work/quantities")" "-1"
