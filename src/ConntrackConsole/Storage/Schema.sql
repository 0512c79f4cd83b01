CREATE TABLE "__EFMigrationsLock" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK___EFMigrationsLock" PRIMARY KEY,
    "Timestamp" TEXT NOT NULL
);
CREATE TABLE "__EFMigrationsHistory" (
    "MigrationId" TEXT NOT NULL CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY,
    "ProductVersion" TEXT NOT NULL
);
CREATE TABLE "Audit" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Audit" PRIMARY KEY AUTOINCREMENT,
    "AtMs" INTEGER NOT NULL,
    "Who" TEXT NOT NULL,
    "From" TEXT NULL,
    "What" TEXT NOT NULL,
    "Where" TEXT NULL,
    "Target" TEXT NULL,
    "Why" TEXT NOT NULL,
    "Before" TEXT NULL,
    "After" TEXT NULL,
    "Result" TEXT NOT NULL,
    "DurationMs" INTEGER NULL,
    "ActionId" TEXT NOT NULL
, "Details" TEXT NULL, "Hash" TEXT NULL, "IncidentId" TEXT NULL, "KeyId" TEXT NULL, "Roles" TEXT NULL, "Session" TEXT NULL, "Code" TEXT NULL);
CREATE TABLE "ResetSeconds" (
    "Second" INTEGER NOT NULL,
    "Kind" INTEGER NOT NULL,
    "Count" INTEGER NOT NULL,
    CONSTRAINT "PK_ResetSeconds" PRIMARY KEY ("Second", "Kind")
);
CREATE TABLE "Terminations" (
    "Uid" TEXT NOT NULL CONSTRAINT "PK_Terminations" PRIMARY KEY,
    "Namespace" TEXT NOT NULL,
    "Pod" TEXT NOT NULL,
    "PodIp" TEXT NOT NULL,
    "Node" TEXT NOT NULL,
    "ServiceNamespace" TEXT NULL,
    "ServiceName" TEXT NULL,
    "AskedMs" INTEGER NOT NULL,
    "EndpointTerminatingMs" INTEGER NULL,
    "EndpointRemovedMs" INTEGER NULL,
    "ContainerFinishedMs" INTEGER NULL,
    "ExitCode" INTEGER NULL,
    "DeletedMs" INTEGER NULL
, "Cause" INTEGER NOT NULL DEFAULT 0, "EndpointNotReadyMs" INTEGER NULL, "Evidence" TEXT NULL, "ExitReason" TEXT NULL, "ExitSignal" INTEGER NULL, "GraceSeconds" INTEGER NULL, "HasPreStop" INTEGER NOT NULL DEFAULT 0, "IpReusedBy" TEXT NULL, "IpReusedMs" INTEGER NULL, "PreStopFailure" TEXT NULL, "RolloutId" TEXT NULL, "StopSignalMs" INTEGER NULL, "UnwatchedFromMs" INTEGER NULL, "UnwatchedToMs" INTEGER NULL, "WorkloadKind" TEXT NULL, "WorkloadName" TEXT NULL, "WorkloadUid" TEXT NULL);
CREATE INDEX "IX_Audit_ActionId" ON "Audit" ("ActionId");
CREATE INDEX "IX_Audit_AtMs" ON "Audit" ("AtMs");
CREATE INDEX "IX_Terminations_AskedMs" ON "Terminations" ("AskedMs");
CREATE TRIGGER Audit_no_update BEFORE UPDATE ON Audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER Audit_no_delete BEFORE DELETE ON Audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER Audit_no_replace BEFORE INSERT ON Audit WHEN EXISTS (SELECT 1 FROM Audit WHERE Id = NEW.Id) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TABLE "Frames" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Frames" PRIMARY KEY AUTOINCREMENT,
    "Node" TEXT NOT NULL,
    "StartedAtMs" INTEGER NOT NULL,
    "Sequence" INTEGER NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "ReceivedMs" INTEGER NOT NULL,
    "Bytes" BLOB NOT NULL
);
CREATE TABLE "Blocks" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Blocks" PRIMARY KEY AUTOINCREMENT,
    "Kind" INTEGER NOT NULL,
    "Step" INTEGER NOT NULL,
    "Name" TEXT NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "Bytes" BLOB NOT NULL
);
CREATE TABLE "ClusterWatches" (
    "FromMs" INTEGER NOT NULL CONSTRAINT "PK_ClusterWatches" PRIMARY KEY,
    "ToMs" INTEGER NOT NULL
);
CREATE TABLE "EndpointSpans" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_EndpointSpans" PRIMARY KEY AUTOINCREMENT,
    "Namespace" TEXT NOT NULL,
    "Service" TEXT NOT NULL,
    "Ip" TEXT NOT NULL,
    "PodUid" TEXT NULL,
    "Ready" INTEGER NOT NULL,
    "Serving" INTEGER NOT NULL,
    "Terminating" INTEGER NOT NULL,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NULL,
    "Unseen" INTEGER NOT NULL
);
CREATE TABLE "Gaps" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Gaps" PRIMARY KEY AUTOINCREMENT,
    "Node" TEXT NULL,
    "Kind" INTEGER NOT NULL,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NOT NULL,
    "Text" TEXT NOT NULL
);
CREATE TABLE "Owners" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Owners" PRIMARY KEY AUTOINCREMENT,
    "Ip" TEXT NOT NULL,
    "PodUid" TEXT NOT NULL,
    "FullName" TEXT NOT NULL,
    "Node" TEXT NOT NULL,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NULL,
    "State" INTEGER NOT NULL,
    "Unseen" INTEGER NOT NULL
);
CREATE TABLE "Pins" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Pins" PRIMARY KEY AUTOINCREMENT,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NOT NULL,
    "Reason" TEXT NOT NULL,
    "CreatedMs" INTEGER NOT NULL
);
CREATE TABLE "Rollouts" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Rollouts" PRIMARY KEY,
    "Kind" INTEGER NOT NULL,
    "WorkloadUid" TEXT NOT NULL,
    "Namespace" TEXT NOT NULL,
    "Name" TEXT NOT NULL,
    "Revision" TEXT NOT NULL,
    "FromRevision" TEXT NULL,
    "StartedMs" INTEGER NOT NULL,
    "SurgedMs" INTEGER NULL,
    "FinishedMs" INTEGER NULL,
    "RolledBackMs" INTEGER NULL,
    "StuckMs" INTEGER NULL,
    "IsRollback" INTEGER NOT NULL,
    "TemplateHash" TEXT NULL,
    "AbandonedMs" INTEGER NULL,
    "UnwatchedFromMs" INTEGER NULL,
    "UnwatchedToMs" INTEGER NULL
);
CREATE TABLE "ServiceSpans" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_ServiceSpans" PRIMARY KEY AUTOINCREMENT,
    "Namespace" TEXT NOT NULL,
    "Name" TEXT NOT NULL,
    "Uid" TEXT NOT NULL,
    "Vips" TEXT NOT NULL,
    "Ports" TEXT NOT NULL,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NULL,
    "Unseen" INTEGER NOT NULL
);
CREATE TABLE "Settings" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_Settings" PRIMARY KEY AUTOINCREMENT,
    "Node" TEXT NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "Name" TEXT NOT NULL,
    "Before" TEXT NOT NULL,
    "After" TEXT NOT NULL
);
CREATE TABLE "Syncs" (
    "Node" TEXT NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "CoversMs" INTEGER NOT NULL,
    "SeenMs" INTEGER NOT NULL,
    "SyncP99" REAL NOT NULL,
    CONSTRAINT "PK_Syncs" PRIMARY KEY ("Node", "AtMs")
);
CREATE INDEX "IX_Blocks_Kind_Step_AtMs" ON "Blocks" ("Kind", "Step", "AtMs");
CREATE UNIQUE INDEX "IX_Blocks_Kind_Step_Name_AtMs" ON "Blocks" ("Kind", "Step", "Name", "AtMs");
CREATE INDEX "IX_EndpointSpans_Namespace_Service_Ip_FromMs" ON "EndpointSpans" ("Namespace", "Service", "Ip", "FromMs");
CREATE INDEX "IX_EndpointSpans_ToMs" ON "EndpointSpans" ("ToMs");
CREATE INDEX "IX_Gaps_FromMs" ON "Gaps" ("FromMs");
CREATE INDEX "IX_Owners_Ip_FromMs" ON "Owners" ("Ip", "FromMs");
CREATE INDEX "IX_Owners_ToMs" ON "Owners" ("ToMs");
CREATE INDEX "IX_Rollouts_StartedMs" ON "Rollouts" ("StartedMs");
CREATE INDEX "IX_ServiceSpans_Namespace_Name_FromMs" ON "ServiceSpans" ("Namespace", "Name", "FromMs");
CREATE INDEX "IX_ServiceSpans_ToMs" ON "ServiceSpans" ("ToMs");
CREATE INDEX "IX_Settings_AtMs" ON "Settings" ("AtMs");
CREATE INDEX "IX_Syncs_AtMs" ON "Syncs" ("AtMs");
CREATE TABLE "UnaddressedPods" (
    "Uid" TEXT NOT NULL CONSTRAINT "PK_UnaddressedPods" PRIMARY KEY,
    "FullName" TEXT NOT NULL,
    "Node" TEXT NOT NULL
);
CREATE TABLE "Actions" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Actions" PRIMARY KEY,
    "Kind" TEXT NOT NULL,
    "Target" TEXT NOT NULL,
    "State" TEXT NOT NULL,
    "AskedBy" TEXT NOT NULL,
    "AskedMs" INTEGER NOT NULL,
    "UpdatedMs" INTEGER NOT NULL,
    "Plan" TEXT NOT NULL,
    "Outcome" TEXT NULL
);
CREATE TABLE "JournalMarks" (
    "Node" TEXT NOT NULL,
    "JournalId" TEXT NOT NULL,
    "Number" INTEGER NOT NULL,
    CONSTRAINT "PK_JournalMarks" PRIMARY KEY ("Node", "JournalId")
);
CREATE TABLE "Sessions" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Sessions" PRIMARY KEY,
    "Who" TEXT NOT NULL,
    "From" TEXT NULL,
    "SignedInMs" INTEGER NOT NULL,
    "UntilMs" INTEGER NOT NULL,
    "EndedMs" INTEGER NULL
, "Groups" TEXT NULL, "Source" TEXT NOT NULL DEFAULT 'link');
CREATE INDEX "IX_Actions_AskedMs" ON "Actions" ("AskedMs");
CREATE INDEX "IX_Actions_State" ON "Actions" ("State");
CREATE TABLE "PodRestarts" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_PodRestarts" PRIMARY KEY,
    "Uid" TEXT NOT NULL,
    "Namespace" TEXT NOT NULL,
    "Pod" TEXT NOT NULL,
    "Node" TEXT NOT NULL,
    "ServiceNamespace" TEXT NULL,
    "ServiceName" TEXT NULL,
    "Container" TEXT NOT NULL,
    "Count" INTEGER NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "ExitCode" INTEGER NULL,
    "Reason" TEXT NULL,
    "FormerIp" TEXT NULL,
    "Ip" TEXT NULL
);
CREATE INDEX "IX_PodRestarts_AtMs" ON "PodRestarts" ("AtMs");
CREATE TABLE "FramePacks" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_FramePacks" PRIMARY KEY AUTOINCREMENT,
    "Node" TEXT NOT NULL,
    "MinuteMs" INTEGER NOT NULL,
    "FirstMs" INTEGER NOT NULL,
    "LastMs" INTEGER NOT NULL,
    "ReceivedMs" INTEGER NOT NULL,
    "LastId" INTEGER NOT NULL,
    "Bytes" BLOB NOT NULL
);
CREATE UNIQUE INDEX "IX_FramePacks_Node_MinuteMs" ON "FramePacks" ("Node", "MinuteMs");
CREATE TABLE "FrameRuns" (
    "Node" TEXT NOT NULL,
    "StartedAtMs" INTEGER NOT NULL,
    "FirstSequence" INTEGER NOT NULL,
    "LastSequence" INTEGER NOT NULL,
    "LastMs" INTEGER NOT NULL,
    CONSTRAINT "PK_FrameRuns" PRIMARY KEY ("Node", "StartedAtMs", "FirstSequence")
);
CREATE TABLE "SeriesTables" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_SeriesTables" PRIMARY KEY AUTOINCREMENT,
    "Kind" INTEGER NOT NULL,
    "Name" TEXT NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "Bytes" BLOB NOT NULL
);
CREATE UNIQUE INDEX "IX_SeriesTables_Kind_Name_AtMs" ON "SeriesTables" ("Kind", "Name", "AtMs");
CREATE INDEX "IX_SeriesTables_Kind_AtMs" ON "SeriesTables" ("Kind", "AtMs");
CREATE TABLE "RolloutReports" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_RolloutReports" PRIMARY KEY,
    "StartedMs" INTEGER NOT NULL,
    "Measurement" TEXT NOT NULL
);
CREATE INDEX "IX_RolloutReports_StartedMs" ON "RolloutReports" ("StartedMs");
CREATE TABLE "IncidentEvents" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_IncidentEvents" PRIMARY KEY AUTOINCREMENT,
    "IncidentId" TEXT NOT NULL,
    "Kind" TEXT NOT NULL,
    "Reference" TEXT NULL,
    "AtMs" INTEGER NOT NULL,
    "Text" TEXT NOT NULL,
    "PinnedBy" TEXT NOT NULL,
    "PinnedMs" INTEGER NOT NULL
);
CREATE TABLE "IncidentNotes" (
    "Id" INTEGER NOT NULL CONSTRAINT "PK_IncidentNotes" PRIMARY KEY AUTOINCREMENT,
    "IncidentId" TEXT NOT NULL,
    "Number" INTEGER NOT NULL,
    "Revision" INTEGER NOT NULL,
    "AtMs" INTEGER NOT NULL,
    "Author" TEXT NOT NULL,
    "Text" TEXT NOT NULL
);
CREATE TABLE "IncidentParticipants" (
    "IncidentId" TEXT NOT NULL,
    "Name" TEXT NOT NULL,
    CONSTRAINT "PK_IncidentParticipants" PRIMARY KEY ("IncidentId", "Name")
);
CREATE TABLE "Incidents" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_Incidents" PRIMARY KEY,
    "Title" TEXT NOT NULL,
    "FromMs" INTEGER NOT NULL,
    "ToMs" INTEGER NULL,
    "OpenedMs" INTEGER NOT NULL,
    "OpenedBy" TEXT NOT NULL,
    "Via" TEXT NOT NULL,
    "Source" TEXT NULL,
    "SourceKey" TEXT NULL,
    "Namespace" TEXT NULL,
    "Service" TEXT NULL,
    "ClosedMs" INTEGER NULL,
    "ClosedBy" TEXT NULL,
    "PinId" INTEGER NULL
);
CREATE INDEX "IX_IncidentEvents_IncidentId" ON "IncidentEvents" ("IncidentId");
CREATE UNIQUE INDEX "IX_IncidentNotes_IncidentId_Number_Revision" ON "IncidentNotes" ("IncidentId", "Number", "Revision");
CREATE INDEX "IX_Incidents_OpenedMs" ON "Incidents" ("OpenedMs");
CREATE INDEX "IX_Incidents_SourceKey" ON "Incidents" ("SourceKey");
CREATE TABLE "ApiTokens" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_ApiTokens" PRIMARY KEY,
    "Name" TEXT NOT NULL,
    "Role" TEXT NOT NULL,
    "Hash" TEXT NOT NULL,
    "CreatedBy" TEXT NOT NULL,
    "CreatedMs" INTEGER NOT NULL,
    "UntilMs" INTEGER NOT NULL,
    "EndedMs" INTEGER NULL,
    "LastUsedMs" INTEGER NULL
);
CREATE UNIQUE INDEX "IX_ApiTokens_Hash" ON "ApiTokens" ("Hash");
INSERT INTO "__EFMigrationsHistory" VALUES ('20261123164215_First', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261123173500_Frames', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261124165254_Cluster', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261127211321_UnaddressedPods', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261127211516_Actions', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261128205500_AuditCodes', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261129003500_PodRestarts', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261129031000_PackedHistory', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261129120000_RolloutReports', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261130110000_Incidents', '10.0.15');
INSERT INTO "__EFMigrationsHistory" VALUES ('20261201050000_Access', '10.0.15');
