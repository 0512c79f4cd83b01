# WHAT: with System.CommandLine `--yes=no` switches the option on, and passes "no" to the command's argument
# GUESS: an error ("no" is not a Boolean), as for a number; `--yes=false` works as one would think.
# SEEN: System.CommandLine 3.0.0: no parse error, yes = True, the argument = "no"; the same for `--yes:off` and `-y0`. A value that
#   is not true or false is split off and matched again as if a blank stood before it.
# MATTERS: a guard option that someone sets to "no", "off" or "0" is on, and the command runs on a target named "no".
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk System.CommandLine/3.0.0 <<'CSHARP'
using System.CommandLine;
var yes = new Option<bool>("--yes", "-y");
var number = new Option<int>("--number");
var target = new Argument<string>("TARGET") { Arity = ArgumentArity.ZeroOrOne };
var command = new RootCommand { yes, number, target };
foreach (string[] line in (string[][])[["--yes=false"], ["--yes=no"], ["--yes:off"], ["-y0"], ["--number=no"]])
{
    var parsed = command.Parse(line);
    Console.WriteLine($"{line[0]} {(parsed.Errors.Count > 0 ? "error" : $"yes={parsed.GetValue(yes)} target={parsed.GetValue(target) ?? "-"}")}");
}
CSHARP
"$work/out/finding" >"$work/parsed"
same "--yes=false" "$(sed -n 's/^--yes=false //p' "$work/parsed")" "yes=False target=-"
same "--yes=no" "$(sed -n 's/^--yes=no //p' "$work/parsed")" "yes=True target=no"
same "--yes:off" "$(sed -n 's/^--yes:off //p' "$work/parsed")" "yes=True target=off"
same "-y0" "$(sed -n 's/^-y0 //p' "$work/parsed")" "yes=True target=0"
same "--number=no" "$(sed -n 's/^--number=no //p' "$work/parsed")" "error"
