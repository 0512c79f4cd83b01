using System.Reflection;
using System.Text.RegularExpressions;
using ConntrackConsole.Hosting;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>
/// References to constants of other components. The compiler writes a constant's value into the IL and not where it came from, so they are
/// found in the sources: <c>Type.Constant</c>, where the type and its constant come from the assembly.
/// </summary>
internal static partial class ConstantReferences
{
    /// <param name="assembly">The assembly that declares the constants and is compiled from the sources.</param>
    /// <param name="sources">The project's folder.</param>
    /// <returns>(namespace of the file, the file's path in the project, namespace of the constant, Type.Constant).</returns>
    public static IEnumerable<(string From, string File, string To, string Constant)> Of(Assembly assembly, string sources)
    {
        var constants = Constants(assembly).ToLookup(c => $"{c.Type.Name}.{c.Name}", c => c.Type.Namespace!);
        foreach (string path in Directory.EnumerateFiles(sources, "*.*", SearchOption.AllDirectories).Where(p => p.EndsWith(".cs", StringComparison.Ordinal) || p.EndsWith(".razor", StringComparison.Ordinal)))
        {
            string text = Comment().Replace(File.ReadAllText(path), "");
            string from = NamespaceOf(text) ?? FolderNamespace(assembly, sources, path);
            foreach (string used in MemberAccess().Matches(text).Select(m => m.Value).Distinct())
            {
                foreach (string to in constants[used])
                    yield return (from, Path.GetRelativePath(sources, path), to, used);
            }
        }
    }

    private static IEnumerable<(Type Type, string Name)> Constants(Assembly assembly) =>
        from type in assembly.GetTypes()
        where type is { Namespace: not null, IsEnum: false }
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where field.IsLiteral && !field.IsPrivate
        select (type, field.Name);

    private static string? NamespaceOf(string text) => Namespace().Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    // A razor file's namespace is its folder's.
    private static string FolderNamespace(Assembly assembly, string sources, string path)
    {
        string folder = Path.GetRelativePath(sources, Path.GetDirectoryName(path)!);
        string root = typeof(ConsoleApplication).Assembly == assembly ? "ConntrackConsole" : assembly.GetName().Name!;
        return folder == "." ? root : $"{root}.{folder.Replace(Path.DirectorySeparatorChar, '.')}";
    }

    [GeneratedRegex(@"//.*$|@\*.*?\*@", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b[A-Z]\w*\.[A-Z]\w*\b")]
    private static partial Regex MemberAccess();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
