using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ConntrackConsole.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Cluster : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte>(
                name: "Cause",
                table: "Terminations",
                type: "INTEGER",
                nullable: false,
                defaultValue: (byte)0);

            migrationBuilder.AddColumn<long>(
                name: "EndpointNotReadyMs",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Evidence",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ExitReason",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "ExitSignal",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "GraceSeconds",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "HasPreStop",
                table: "Terminations",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "IpReusedBy",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "IpReusedMs",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "PreStopFailure",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "RolloutId",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "StopSignalMs",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "UnwatchedFromMs",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "UnwatchedToMs",
                table: "Terminations",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "WorkloadKind",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "WorkloadName",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "WorkloadUid",
                table: "Terminations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Blocks",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Kind = table.Column<byte>(type: "INTEGER", nullable: false),
                    Step = table.Column<byte>(type: "INTEGER", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Blocks", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "ClusterWatches",
                columns: table => new
                {
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ClusterWatches", x => x.FromMs);
                });

            migrationBuilder.CreateTable(
                name: "EndpointSpans",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Namespace = table.Column<string>(type: "TEXT", nullable: false),
                    Service = table.Column<string>(type: "TEXT", nullable: false),
                    Ip = table.Column<string>(type: "TEXT", nullable: false),
                    PodUid = table.Column<string>(type: "TEXT", nullable: true),
                    Ready = table.Column<bool>(type: "INTEGER", nullable: false),
                    Serving = table.Column<bool>(type: "INTEGER", nullable: false),
                    Terminating = table.Column<bool>(type: "INTEGER", nullable: false),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: true),
                    Unseen = table.Column<byte>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_EndpointSpans", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Gaps",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Node = table.Column<string>(type: "TEXT", nullable: true),
                    Kind = table.Column<byte>(type: "INTEGER", nullable: false),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Text = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Gaps", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Owners",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Ip = table.Column<string>(type: "TEXT", nullable: false),
                    PodUid = table.Column<string>(type: "TEXT", nullable: false),
                    FullName = table.Column<string>(type: "TEXT", nullable: false),
                    Node = table.Column<string>(type: "TEXT", nullable: false),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: true),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    Unseen = table.Column<byte>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Owners", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Pins",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Reason = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedMs = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Pins", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Rollouts",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<byte>(type: "INTEGER", nullable: false),
                    WorkloadUid = table.Column<string>(type: "TEXT", nullable: false),
                    Namespace = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Revision = table.Column<string>(type: "TEXT", nullable: false),
                    FromRevision = table.Column<string>(type: "TEXT", nullable: true),
                    StartedMs = table.Column<long>(type: "INTEGER", nullable: false),
                    SurgedMs = table.Column<long>(type: "INTEGER", nullable: true),
                    FinishedMs = table.Column<long>(type: "INTEGER", nullable: true),
                    RolledBackMs = table.Column<long>(type: "INTEGER", nullable: true),
                    StuckMs = table.Column<long>(type: "INTEGER", nullable: true),
                    IsRollback = table.Column<bool>(type: "INTEGER", nullable: false),
                    TemplateHash = table.Column<string>(type: "TEXT", nullable: true),
                    AbandonedMs = table.Column<long>(type: "INTEGER", nullable: true),
                    UnwatchedFromMs = table.Column<long>(type: "INTEGER", nullable: true),
                    UnwatchedToMs = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Rollouts", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "ServiceSpans",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Namespace = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Uid = table.Column<string>(type: "TEXT", nullable: false),
                    Vips = table.Column<string>(type: "TEXT", nullable: false),
                    Ports = table.Column<string>(type: "TEXT", nullable: false),
                    FromMs = table.Column<long>(type: "INTEGER", nullable: false),
                    ToMs = table.Column<long>(type: "INTEGER", nullable: true),
                    Unseen = table.Column<byte>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ServiceSpans", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Settings",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Node = table.Column<string>(type: "TEXT", nullable: false),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Before = table.Column<string>(type: "TEXT", nullable: false),
                    After = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Settings", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Syncs",
                columns: table => new
                {
                    Node = table.Column<string>(type: "TEXT", nullable: false),
                    AtMs = table.Column<long>(type: "INTEGER", nullable: false),
                    CoversMs = table.Column<long>(type: "INTEGER", nullable: false),
                    SeenMs = table.Column<long>(type: "INTEGER", nullable: false),
                    SyncP99 = table.Column<double>(type: "REAL", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Syncs", x => new { x.Node, x.AtMs });
                });

            migrationBuilder.CreateIndex(
                name: "IX_Blocks_Kind_Step_AtMs",
                table: "Blocks",
                columns: new[] { "Kind", "Step", "AtMs" });

            migrationBuilder.CreateIndex(
                name: "IX_Blocks_Kind_Step_Name_AtMs",
                table: "Blocks",
                columns: new[] { "Kind", "Step", "Name", "AtMs" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_EndpointSpans_Namespace_Service_Ip_FromMs",
                table: "EndpointSpans",
                columns: new[] { "Namespace", "Service", "Ip", "FromMs" });

            migrationBuilder.CreateIndex(
                name: "IX_EndpointSpans_ToMs",
                table: "EndpointSpans",
                column: "ToMs");

            migrationBuilder.CreateIndex(
                name: "IX_Gaps_FromMs",
                table: "Gaps",
                column: "FromMs");

            migrationBuilder.CreateIndex(
                name: "IX_Owners_Ip_FromMs",
                table: "Owners",
                columns: new[] { "Ip", "FromMs" });

            migrationBuilder.CreateIndex(
                name: "IX_Owners_ToMs",
                table: "Owners",
                column: "ToMs");

            migrationBuilder.CreateIndex(
                name: "IX_Rollouts_StartedMs",
                table: "Rollouts",
                column: "StartedMs");

            migrationBuilder.CreateIndex(
                name: "IX_ServiceSpans_Namespace_Name_FromMs",
                table: "ServiceSpans",
                columns: new[] { "Namespace", "Name", "FromMs" });

            migrationBuilder.CreateIndex(
                name: "IX_ServiceSpans_ToMs",
                table: "ServiceSpans",
                column: "ToMs");

            migrationBuilder.CreateIndex(
                name: "IX_Settings_AtMs",
                table: "Settings",
                column: "AtMs");

            migrationBuilder.CreateIndex(
                name: "IX_Syncs_AtMs",
                table: "Syncs",
                column: "AtMs");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Blocks");

            migrationBuilder.DropTable(
                name: "ClusterWatches");

            migrationBuilder.DropTable(
                name: "EndpointSpans");

            migrationBuilder.DropTable(
                name: "Gaps");

            migrationBuilder.DropTable(
                name: "Owners");

            migrationBuilder.DropTable(
                name: "Pins");

            migrationBuilder.DropTable(
                name: "Rollouts");

            migrationBuilder.DropTable(
                name: "ServiceSpans");

            migrationBuilder.DropTable(
                name: "Settings");

            migrationBuilder.DropTable(
                name: "Syncs");

            migrationBuilder.DropColumn(
                name: "Cause",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "EndpointNotReadyMs",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "Evidence",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "ExitReason",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "ExitSignal",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "GraceSeconds",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "HasPreStop",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "IpReusedBy",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "IpReusedMs",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "PreStopFailure",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "RolloutId",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "StopSignalMs",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "UnwatchedFromMs",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "UnwatchedToMs",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "WorkloadKind",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "WorkloadName",
                table: "Terminations");

            migrationBuilder.DropColumn(
                name: "WorkloadUid",
                table: "Terminations");
        }
    }
}
