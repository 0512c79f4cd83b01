using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ConntrackConsole.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Incidents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "IncidentEvents",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false).Annotation("Sqlite:Autoincrement", true),
                    IncidentId = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    Reference = table.Column<string>(type: "TEXT", nullable: true),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Text = table.Column<string>(type: "TEXT", nullable: false),
                    PinnedBy = table.Column<string>(type: "TEXT", nullable: false),
                    PinnedMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_IncidentEvents", x => x.Id));
            migrationBuilder.CreateTable(
                name: "IncidentNotes",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false).Annotation("Sqlite:Autoincrement", true),
                    IncidentId = table.Column<string>(type: "TEXT", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    Revision = table.Column<int>(type: "INTEGER", nullable: false),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Author = table.Column<string>(type: "TEXT", nullable: false),
                    Text = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_IncidentNotes", x => x.Id));
            migrationBuilder.CreateTable(
                name: "IncidentParticipants",
                columns: table => new
                {
                    IncidentId = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_IncidentParticipants", x => new { x.IncidentId, x.Name }));
            migrationBuilder.CreateTable(
                name: "Incidents",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Title = table.Column<string>(type: "TEXT", nullable: false),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: true),
                    OpenedMs = table.Column<long>(type: "INTEGER", nullable: false),
                    OpenedBy = table.Column<string>(type: "TEXT", nullable: false),
                    Via = table.Column<string>(type: "TEXT", nullable: false),
                    Source = table.Column<string>(type: "TEXT", nullable: true),
                    SourceKey = table.Column<string>(type: "TEXT", nullable: true),
                    Namespace = table.Column<string>(type: "TEXT", nullable: true),
                    Service = table.Column<string>(type: "TEXT", nullable: true),
                    ClosedMs = table.Column<long>(type: "INTEGER", nullable: true),
                    ClosedBy = table.Column<string>(type: "TEXT", nullable: true),
                    PinId = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table => table.PrimaryKey("PK_Incidents", x => x.Id));
            migrationBuilder.CreateIndex(name: "IX_IncidentEvents_IncidentId", table: "IncidentEvents", column: "IncidentId");
            migrationBuilder.CreateIndex(name: "IX_IncidentNotes_IncidentId_Number_Revision", table: "IncidentNotes", columns: new[] { "IncidentId", "Number", "Revision" }, unique: true);
            migrationBuilder.CreateIndex(name: "IX_Incidents_OpenedMs", table: "Incidents", column: "OpenedMs");
            migrationBuilder.CreateIndex(name: "IX_Incidents_SourceKey", table: "Incidents", column: "SourceKey");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(name: "IncidentEvents");
            migrationBuilder.DropTable(name: "IncidentNotes");
            migrationBuilder.DropTable(name: "IncidentParticipants");
            migrationBuilder.DropTable(name: "Incidents");
        }
    }
}
