using System.Text.RegularExpressions;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>Type declarations in the text of a source file with a file-scoped namespace.</summary>
internal static partial class Declarations
{
    public static IEnumerable<string> TopLevel(string text) => Declaration().Matches(text).Select(m => m.Groups[1].Value);

    public static IEnumerable<string> Public(string text) =>
        Declaration().Matches(text).Where(m => m.Value.StartsWith("public ", StringComparison.Ordinal)).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"^(?:public |internal |file )?(?:(?:sealed|static|abstract|partial|readonly|ref|unsafe) )*(?:class|struct|interface|enum|record struct|record|delegate [\w<>\[\]?., ]+) ([A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
