using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ConntrackConsole.Storage.Migrations
{
    /// <inheritdoc />
    public partial class PackedHistory : Migration
    {
        private static readonly string[] Identity = ["Node", "StartedAtMs", "Sequence"];
        private static readonly string[] InTime = ["Node", "AtMs"];
        private static readonly string[] OfMinute = ["Node", "MinuteMs"];
        private static readonly string[] OfHour = ["Kind", "Name", "AtMs"];
        private static readonly string[] Expiry = ["Kind", "AtMs"];

        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Single frames are kept for a few minutes, and found by the console's own list of their rows.
            migrationBuilder.DropIndex(name: "IX_Frames_Node_StartedAtMs_Sequence", table: "Frames");
            migrationBuilder.DropIndex(name: "IX_Frames_Node_AtMs", table: "Frames");

            migrationBuilder.CreateTable(
                name: "FramePacks",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Node = table.Column<string>(type: "TEXT", nullable: false),
                    MinuteMs = table.Column<long>(type: "INTEGER", nullable: false),
                    FirstMs = table.Column<long>(type: "INTEGER", nullable: false),
                    LastMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ReceivedMs = table.Column<long>(type: "INTEGER", nullable: false),
                    LastId = table.Column<long>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_FramePacks", x => x.Id));
            migrationBuilder.CreateIndex(name: "IX_FramePacks_Node_MinuteMs", table: "FramePacks", columns: OfMinute, unique: true);

            migrationBuilder.CreateTable(
                name: "FrameRuns",
                columns: table => new
                {
                    Node = table.Column<string>(type: "TEXT", nullable: false),
                    StartedAtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    FirstSequence = table.Column<long>(type: "INTEGER", nullable: false),
                    LastSequence = table.Column<long>(type: "INTEGER", nullable: false),
                    LastMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_FrameRuns", x => new { x.Node, x.StartedAtMs, x.FirstSequence }));

            migrationBuilder.CreateTable(
                name: "SeriesTables",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Kind = table.Column<byte>(type: "INTEGER", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table => table.PrimaryKey("PK_SeriesTables", x => x.Id));
            migrationBuilder.CreateIndex(name: "IX_SeriesTables_Kind_Name_AtMs", table: "SeriesTables", columns: OfHour, unique: true);
            migrationBuilder.CreateIndex(name: "IX_SeriesTables_Kind_AtMs", table: "SeriesTables", columns: Expiry);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(name: "SeriesTables");
            migrationBuilder.DropTable(name: "FrameRuns");
            migrationBuilder.DropTable(name: "FramePacks");
            migrationBuilder.CreateIndex(name: "IX_Frames_Node_StartedAtMs_Sequence", table: "Frames", columns: Identity, unique: true);
            migrationBuilder.CreateIndex(name: "IX_Frames_Node_AtMs", table: "Frames", columns: InTime);
        }
    }
}
