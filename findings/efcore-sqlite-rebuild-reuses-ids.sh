# WHAT: making one column required in EF Core's SQLite rebuilds the table: AUTOINCREMENT forgets its highest id and gives deleted ids again, and triggers are gone
# GUESS: AUTOINCREMENT promises that no id is used twice in a table's life, and a migration keeps what it does not mention.
# SEEN: EF Core 10.0.15, SQLite 3.x of SQLitePCLRaw 3.0.3: ids 4 and 5 are deleted, the migration runs, the next row gets id 4. The generated
#   SQL copies into ef_temp_Rows, drops Rows and renames; the sequence of the copy starts at the highest id that is left. The
#   trigger that refused deletions is dropped with the old table, without a warning.
# MATTERS: ids that other tables, logs or users remember point to another row, and an append-only table is no longer one, after a
#   migration that only says "IsRequired".
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk Microsoft.EntityFrameworkCore.Sqlite/10.0.15 Microsoft.EntityFrameworkCore.Design/10.0.15 SQLitePCLRaw.bundle_e_sqlite3/3.0.3 <<'CSHARP'
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
string file = args[0];
using var before = new Rows(file, required: false);
before.Database.EnsureCreated();
for (int i = 1; i <= 5; i++)
    before.Add(new Row { Name = $"row {i}" });
before.SaveChanges();
before.Database.ExecuteSqlRaw("DELETE FROM Rows WHERE Id > 3");
before.Database.ExecuteSqlRaw("CREATE TRIGGER refuse BEFORE DELETE ON Rows BEGIN SELECT RAISE(ABORT, 'rows are only added'); END");
Console.WriteLine($"delete before: {Delete(before)}");

using var after = new Rows(file, required: true);
var model = after.GetService<IDesignTimeModel>().Model;
var operations = after.GetService<IMigrationsModelDiffer>().GetDifferences(before.GetService<IDesignTimeModel>().Model.GetRelationalModel(), model.GetRelationalModel());
Console.WriteLine($"operations: {string.Join(", ", operations.Select(o => o.GetType().Name))}");
foreach (var command in after.GetService<IMigrationsSqlGenerator>().Generate(operations, model))
    after.Database.ExecuteSqlRaw(command.CommandText);
var row = new Row { Name = "new" };
after.Add(row);
after.SaveChanges();
Console.WriteLine($"id of the next row: {row.Id}");
Console.WriteLine($"delete after: {Delete(after)}");

static string Delete(Rows rows)
{
    try
    {
        rows.Database.ExecuteSqlRaw("DELETE FROM Rows WHERE Id = 1");
        return "done";
    }
    catch (Exception e)
    {
        return e.Message.Contains("only added") ? "refused" : e.Message;
    }
}

class Row
{
    public long Id { get; set; }
    public string? Name { get; set; }
}

class Rows(string file, bool required) : DbContext
{
    public bool IsRequired => required;
    protected override void OnConfiguring(DbContextOptionsBuilder options) =>
        options.UseSqlite($"Data Source={file}").ReplaceService<IModelCacheKeyFactory, PerVersion>();
    protected override void OnModelCreating(ModelBuilder model) => model.Entity<Row>().ToTable("Rows").Property(r => r.Name).IsRequired(required);
}

class PerVersion : IModelCacheKeyFactory
{
    public object Create(DbContext context, bool designTime) => (((Rows)context).IsRequired, designTime);
}
CSHARP
"$work/out/finding" "$work/rows.db" >"$work/seen"
cat "$work/seen"
same "what the migration is" "$(sed -n 's/^operations: //p' "$work/seen")" "AlterColumnOperation"
same "a deletion before it" "$(sed -n 's/^delete before: //p' "$work/seen")" "refused"
same "id of the next row, after 1 to 5 were given" "$(sed -n 's/^id of the next row: //p' "$work/seen")" "4"
same "a deletion after it" "$(sed -n 's/^delete after: //p' "$work/seen")" "done"
