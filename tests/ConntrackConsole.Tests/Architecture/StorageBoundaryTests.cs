using System.Text.RegularExpressions;
using ConntrackConsole.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>The database's provider is known in Storage and in the audit log's own storage classes; SQL is in the storage class of its component.</summary>
public partial class StorageBoundaryTests
{
    private static readonly string Console = RepositoryFiles.Path("src", "ConntrackConsole");

    // The chain is verified on a plain connection and in a transaction of its own.
    private static readonly HashSet<string> ProviderTypes = ["AuditChainReader", "AuditLog", "AuditVerifier", "RowPlacementCheck", "StoredRows"];

    // Paths of files and, with a slash at the end, folders.
    private static readonly string[] SqlPlaces =
    [
        "Storage/", "Timeline/Storage/", "Audit/StoredRows.cs", "Lifecycle/LifecycleArchive.cs", "Nodes/SyncArchive.cs",
        "Ownership/OwnershipArchive.cs", "Ownership/SpanReader.cs", "Ownership/SpanWriter.cs",
    ];

    private static readonly IReadOnlyList<(string Path, string Text)> Sources =
    [
        .. Directory.EnumerateFiles(Console, "*.*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".razor", StringComparison.Ordinal))
            .Select(path => (Path.GetRelativePath(Console, path), File.ReadAllText(path))),
    ];

    [Fact]
    public void Provider_IsKnownInStorageClassesOnly() => RepositoryFiles.AssertNone(FindProvider(References));

    /// <summary>A listed class that no longer needs the provider would let it in again unseen.</summary>
    [Fact]
    public void ProviderTypes_AllReferToTheProvider() =>
        Assert.Equal(ProviderTypes.Order(), References.Where(r => IsProvider(r.To, r.Referenced) && ProviderTypes.Contains(r.Type)).Select(r => r.Type).Distinct().Order());

    [Fact]
    public void Sql_IsInStorageClassesOnly() => RepositoryFiles.AssertNone(Sources.SelectMany(s => FindSql(s.Path, s.Text)));

    [Fact]
    public void SqlPlaces_AllContainSql() =>
        Assert.All(SqlPlaces, place => Assert.Contains(Sources, s => s.Path.StartsWith(place, StringComparison.Ordinal) && Sql().IsMatch(s.Text)));

    [Theory]
    [InlineData("ConntrackConsole.Cli", "AuditCommand", "Microsoft.Data.Sqlite", "SqliteConnection")]
    [InlineData("ConntrackConsole.Timeline.Storage", "BlockArchive", "Microsoft.Data.Sqlite", "SqliteException")]
    [InlineData("ConntrackConsole.Cli.Rollouts", "DatabaseRolloutSource", "Microsoft.EntityFrameworkCore", "SqliteDbContextOptionsBuilderExtensions")]
    [InlineData("ConntrackConsole.Audit", "AuditForward", "SQLitePCL", "raw")]
    public void FindProvider_OtherType_IsNamed(string from, string type, string to, string referenced) =>
        Assert.Equal([$"{from}.{type} refers to {to}.{referenced}"], FindProvider([(from, type, to, referenced)]));

    [Theory]
    [InlineData("ConntrackConsole.Storage", "BulkConnection", "Microsoft.Data.Sqlite", "SqliteConnection")]
    [InlineData("ConntrackConsole.Audit", "AuditVerifier", "Microsoft.Data.Sqlite", "SqliteConnection")]
    [InlineData("ConntrackConsole.Cli", "AuditCommand", "System.Data.Common", "DbException")]
    public void FindProvider_StorageClassOrNoProvider_FindsNothing(string from, string type, string to, string referenced) =>
        Assert.Empty(FindProvider([(from, type, to, referenced)]));

    [Theory]
    [InlineData("command.CommandText = \"SELECT Second FROM ResetSeconds WHERE Second >= $f\";")]
    [InlineData("new($\"DELETE FROM {table} WHERE rowid IN (SELECT s.rowid\")")]
    [InlineData("db.Database.ExecuteSqlAsync($\"UPDATE Owners SET ToMs = {toMs}\")")]
    public void FindSql_OutsideAStorageClass_IsNamed(string line) => Assert.NotEmpty(FindSql("Timeline/Query/StoredFacts.cs", line));

    [Theory]
    [InlineData("Timeline/Query/StoredFacts.cs", "Description = \"Select a shorter window.\"")]
    [InlineData("Nodes/SyncArchive.cs", "\"SELECT Node, AtMs FROM Syncs\"")]
    public void FindSql_StorageClassOrText_FindsNothing(string path, string line) => Assert.Empty(FindSql(path, line));

    private static IReadOnlySet<(string From, string Type, string To, string Referenced)> References { get; } = IlReferences.Of(typeof(ConsoleApplication).Assembly.Location);

    private static IEnumerable<string> FindProvider(IEnumerable<(string From, string Type, string To, string Referenced)> references) =>
        from r in references
        where IsProvider(r.To, r.Referenced) && r.From != "ConntrackConsole.Storage" && !r.From.StartsWith("ConntrackConsole.Storage.", StringComparison.Ordinal)
            && !(r.From == "ConntrackConsole.Audit" && ProviderTypes.Contains(r.Type))
        select $"{r.From}.{r.Type} refers to {r.To}.{r.Referenced}";

    // UseSqlite is in a namespace of EF Core.
    private static bool IsProvider(string ns, string type) =>
        ns.StartsWith("Microsoft.Data.Sqlite", StringComparison.Ordinal) || ns.StartsWith("SQLitePCL", StringComparison.Ordinal)
        || (ns.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal) && type.StartsWith("Sqlite", StringComparison.Ordinal));

    private static IEnumerable<string> FindSql(string path, string text) =>
        from line in text.Split('\n')
        where Sql().IsMatch(line) && !SqlPlaces.Any(place => path.StartsWith(place, StringComparison.Ordinal))
        select $"{path}: {line.Trim()}";

    // A literal that begins as a statement does, and access to the connection below the context.
    [GeneratedRegex("\"(?:SELECT|INSERT INTO|DELETE FROM|UPDATE|PRAGMA|WITH) |\\b(?:FromSql|ExecuteSql|SqlQuery)\\w*\\(|\\.CommandText\\b")]
    private static partial Regex Sql();
}
