using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ConntrackConsole.Storage.Migrations
{
    /// <inheritdoc />
    public partial class AuditCodes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Code",
                table: "Audit",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Code",
                table: "Audit");
        }
    }
}
