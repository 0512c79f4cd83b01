using ConntrackConsole.Audit;
using ConntrackConsole.Storage;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

/// <summary>An attacker who can write the file changes it in every possible way; the verification names the row.</summary>
public sealed class AuditTamperTests
{
    private const int Rows = 9;
    private static readonly string OtherHash = new('a', AuditChain.HashLength);

    [Theory]
    [InlineData(null)]
    [InlineData(ChainedLog.Secret)]
    public async Task Verify_Untouched_IsIntact(string? secret)
    {
        using var log = await ChainedLog.CreateAsync(Rows, secret);
        var verdict = log.Verify(log.Log.Head);
        Assert.Null(verdict.Fault);
        Assert.Equal((Rows, secret is null ? 0 : Rows, log.Log.Head), (verdict.Rows, verdict.Keyed, verdict.Head));
        Assert.StartsWith(secret is null ? "Unkeyed: " : "Keyed: ", verdict.KeyMessage);
    }

    [Fact]
    public async Task Verify_LogFromBeforeTheCodes_IsIntact_AndContinuesWithThem()
    {
        using var log = await ChainedLog.CreateAsync(Rows, codes: false);
        await log.TamperAsync("ALTER TABLE Audit DROP COLUMN Code; DELETE FROM __EFMigrationsHistory WHERE MigrationId LIKE '%_AuditCodes'");
        Assert.Null(log.Verify(log.Log.Head).Fault);

        await Database.OpenAsync(log.Database, TestContext.Current.CancellationToken);
        Assert.Null(log.Verify(log.Log.Head).Fault);
        await log.AddAsync(2);
        var verdict = log.Verify(log.Log.Head);
        Assert.Null(verdict.Fault);
        Assert.Equal(Rows + 2, verdict.Rows);
        await log.TamperAsync("UPDATE Audit SET Code = 'flush.owner_live' WHERE Id = 2");
        AssertFault(2, AuditFaultKind.Changed, log.Verify());
    }

    public static TheoryData<string> EveryColumn => [.. typeof(AuditRow).GetProperties().Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(EveryColumn))]
    public async Task Verify_AnyColumnOfAnyRowChanged_NamesTheRow(string column)
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        string whole = await log.CopyAsync("whole.db");
        string[] changes = column switch
        {
            "Id" => ["Id + 1000", "-Id"],
            "AtMs" or "DurationMs" => [$"COALESCE({column}, 0) + 1", $"CAST(COALESCE({column}, 3) AS BLOB)"],
            "Hash" => [$"'{OtherHash}'", "NULL", "'not a hash'", "upper(Hash) || ''"],
            _ => [$"COALESCE(\"{column}\", '') || 'x'", $"CASE WHEN \"{column}\" IS NULL THEN '' ELSE NULL END", $"CAST(COALESCE(\"{column}\", 'x') AS BLOB)"],
        };
        bool mayBeNull = await log.NumberAsync($"SELECT \"notnull\" FROM pragma_table_info('Audit') WHERE name = '{column}'") == 0;
        int tried = 0;
        for (int row = 1; row <= Rows; row++)
        {
            foreach (string change in changes.Where(c => mayBeNull || !c.Contains("NULL ELSE NULL", StringComparison.Ordinal) && !c.StartsWith("CASE", StringComparison.Ordinal)))
            {
                File.Copy(whole, log.Database.File, true);
                File.Delete(log.Database.File + "-wal");
                File.Delete(log.Database.File + "-shm");
                await log.TamperAsync($"UPDATE Audit SET \"{column}\" = {change} WHERE Id = {row}");
                var fault = log.Verify().Fault;
                Assert.True(fault is not null, $"row {row}: {column} = {change} was not found");
                long[] names = column == "Id" ? [row, row + 1000, -row] : [row];
                Assert.True(names.Contains(fault.Row), $"row {row}: {column} = {change}: {fault}");
                tried++;
            }
        }

        Assert.True(tried >= Rows, $"{tried}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(Rows - 1)]
    public async Task Verify_ARowRemoved_NamesIt(int row)
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        await log.TamperAsync($"DELETE FROM Audit WHERE Id = {row}");
        AssertFault(row, AuditFaultKind.Removed, log.Verify());
        // And with the following rows renumbered.
        await log.TamperAsync($"UPDATE Audit SET Id = -Id WHERE Id > {row}; UPDATE Audit SET Id = -Id - 1 WHERE Id < 0; UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'Audit'");
        Assert.Equal(row, log.Verify().Fault?.Row);
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(2, 7)]
    [InlineData(1, Rows)]
    public async Task Verify_TwoNumbersExchanged_IsReOrdered(int a, int b)
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        await log.TamperAsync($"UPDATE Audit SET Id = -1 WHERE Id = {a}; UPDATE Audit SET Id = {a} WHERE Id = {b}; UPDATE Audit SET Id = {b} WHERE Id = -1");
        AssertFault(a, AuditFaultKind.ReOrdered, log.Verify());
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(2, 7)]
    public async Task Verify_TwoRowsContentsExchanged_HashesLeft_IsReOrdered(int a, int b)
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        string columns = string.Join(", ", AuditChain.Columns.Skip(1).Select(c => $"\"{c}\""));
        await log.TamperAsync(
            $"CREATE TEMP TABLE t AS SELECT * FROM Audit WHERE Id IN ({a}, {b});"
            + $"UPDATE Audit SET ({columns}) = (SELECT {columns} FROM t WHERE Id = {b}) WHERE Id = {a};"
            + $"UPDATE Audit SET ({columns}) = (SELECT {columns} FROM t WHERE Id = {a}) WHERE Id = {b}");
        AssertFault(a, AuditFaultKind.ReOrdered, log.Verify());
    }

    [Fact]
    public async Task Verify_AnInsertedRow_IsNamed()
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        const string insert = "INSERT INTO Audit (Id, AtMs, Who, What, Why, Result, ActionId, KeyId, Hash) SELECT {0}, AtMs, 'mallory', 'flush.approved', 'x', 'ok', 'f', KeyId, '{1}' FROM Audit WHERE Id = 4";
        await log.TamperAsync("UPDATE Audit SET Id = -Id WHERE Id >= 5; UPDATE Audit SET Id = 1 - Id WHERE Id < 0;" + string.Format(null, insert, 5, OtherHash));
        AssertFault(5, AuditFaultKind.Inserted, log.Verify());

        using var behind = await ChainedLog.CreateAsync(Rows);
        await behind.TamperAsync("INSERT INTO Audit (AtMs, Who, What, Why, Result, ActionId) VALUES (1, 'mallory', 'flush.approved', 'x', 'ok', 'f')");
        AssertFault(Rows + 1, AuditFaultKind.Inserted, behind.Verify());
        // The log continues, and the row is still detected.
        await behind.AddAsync(1);
        AssertFault(Rows + 1, AuditFaultKind.Inserted, behind.Verify());

        using var forged = await ChainedLog.CreateAsync(Rows);
        await forged.TamperAsync(string.Format(null, insert, 0, OtherHash) + ";" + string.Format(null, insert, Rows + 1, OtherHash));
        AssertFault(0, AuditFaultKind.Inserted, forged.Verify());
        await forged.TamperAsync("DELETE FROM Audit WHERE Id = 0");
        AssertFault(Rows + 1, AuditFaultKind.Changed, forged.Verify());
    }

    [Fact]
    public async Task Verify_ForgedTailWithoutTheKey_IsDetected()
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        // The forger uses the console's own code, with another key or without one.
        await log.TamperAsync($"DELETE FROM Audit WHERE Id = {Rows}; UPDATE sqlite_sequence SET seq = {Rows - 1} WHERE name = 'Audit'");
        using var forger = new AuditLog(log.Database, log.Clock, new AuditKeys([new string('f', 32)]));
        await forger.AppendAsync(new AuditNote("mallory", null, "flush.approved", null, null, "x", null, null, "ok", null, "f"), TestContext.Current.CancellationToken);
        AssertFault(Rows, AuditFaultKind.KeyUnknown, log.Verify());

        string last = (await log.Log.FindAsync(Rows - 1, TestContext.Current.CancellationToken))!.Hash!;
        var row = new AuditRow { Id = Rows, AtMs = 1, Who = "mallory", What = "flush.approved", Why = "x", Result = "ok", ActionId = "f" };
        string unkeyed = AuditChain.Hash(last, AuditChain.Canonical(row), null);
        await log.TamperAsync($"DELETE FROM Audit WHERE Id = {Rows}; INSERT INTO Audit (Id, AtMs, Who, What, Why, Result, ActionId, Hash) VALUES ({Rows}, 1, 'mallory', 'flush.approved', 'x', 'ok', 'f', '{unkeyed}')");
        AssertFault(Rows, AuditFaultKind.KeyStepsBack, log.Verify());
    }

    [Fact]
    public async Task Verify_RewrittenLog_IsDetectedOnlyWithAKey()
    {
        using var forged = await ChainedLog.CreateAsync(Rows, secret: null);
        Assert.Null(forged.Verify().Fault);
        AssertFault(Rows, AuditFaultKind.KeyStepsBack, forged.Verify(keys: new AuditKeys([ChainedLog.Secret])));
    }

    [Fact]
    public async Task Verify_WrongOrMissingKey_IsReported()
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        AssertFault(1, AuditFaultKind.KeyUnknown, log.Verify(keys: AuditKeys.None));
        AssertFault(1, AuditFaultKind.KeyUnknown, log.Verify(keys: new AuditKeys([new string('w', 32)])));
        // The wrong secret under the right id.
        await log.TamperAsync($"UPDATE Audit SET KeyId = '{new AuditKeys([new string('w', 32)]).Current}'");
        AssertFault(1, AuditFaultKind.Changed, log.Verify(keys: new AuditKeys([new string('w', 32)])));
    }

    [Fact]
    public async Task Verify_TailRemoved_IsDetectedOnlyAgainstAHead()
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        var head = log.Log.Head;
        await log.TamperAsync($"DELETE FROM Audit WHERE Id > {Rows - 2}");
        // The table's sequence counter reveals the manipulation.
        AssertFault(Rows - 1, AuditFaultKind.Removed, log.Verify());
        await log.TamperAsync($"UPDATE sqlite_sequence SET seq = {Rows - 2} WHERE name = 'Audit'");
        var without = log.Verify();
        Assert.True(without.IsIntact);
        Assert.Contains("--head", without.TailMessage);
        AssertFault(Rows - 1, AuditFaultKind.Removed, log.Verify(head));
        // A console that continued would have written other rows under these numbers.
        await log.AddAsync(3);
        Assert.True(log.Verify().IsIntact);
        AssertFault(Rows, AuditFaultKind.Changed, log.Verify(head));
    }

    [Fact]
    public async Task Append_AfterARemovedTail_LeavesAGap()
    {
        using var log = await ChainedLog.CreateAsync(Rows);
        await log.TamperAsync($"DELETE FROM Audit WHERE Id = {Rows}");
        await log.AddAsync(1);
        AssertFault(Rows, AuditFaultKind.Removed, log.Verify());
    }

    private static void AssertFault(long row, AuditFaultKind kind, AuditVerdict verdict) => Assert.Equal((row, kind), (verdict.Fault?.Row, verdict.Fault?.Kind));
}
