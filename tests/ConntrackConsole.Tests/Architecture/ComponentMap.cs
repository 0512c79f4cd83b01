namespace ConntrackConsole.Tests.Architecture;

/// <summary>A folder of a project, which is a component.</summary>
/// <param name="Name">The folder, with dots: the end of its namespace.</param>
/// <param name="Holds">What it holds, for the map in docs/architecture.md.</param>
/// <param name="Uses">The components of the same project that it may refer to, and does.</param>
internal sealed record Component(string Name, string Holds, string[] Uses);

/// <summary>The one list of allowed dependencies. A component stands below those that it uses; the map in the docs is made from it.</summary>
internal static class ComponentMap
{
    public static readonly IReadOnlyList<Component> Console =
    [
        new("Cluster.Model", "immutable facts: pods, Services, slices, nodes, workloads, and the map of them", []),
        new("Workers", "rounds of work in the background that never take more than a share of a core", []),
        new("ShellText", "shell lines that users copy, with quoted words", []),
        new("Configuration.Keys", "names of the configuration keys", []),
        new("Storage.Address", "the connection string of the database: its file, and its forms for reading and for display", []),
        new("Configuration", "options bound from configuration, their keys, validators and error codes", ["Configuration.Keys", "Storage.Address"]),
        new("Storage", "EF Core context, opening and repair of the database, bulk writer", ["Configuration", "Configuration.Keys", "Storage.Address"]),
        new("Audit", "the hash-chained audit log: append, read, verify, forward", ["Configuration", "Configuration.Keys", "Storage", "Storage.Address"]),
        new("ErrorPages", "pages of errors, which load nothing and need no circuit", []),
        new("Identity", "sign-in links, sessions, roles", ["Audit", "Configuration", "ErrorPages", "Storage"]),
        new("Actions.Guards", "pure rules: request and context to a verdict with a reason code", ["Cluster.Model", "Identity"]),
        new("Kubernetes.Parsing", "JSON of the API server to the model; the watched kinds", ["Cluster.Model"]),
        new("Ownership", "which pod, Service and endpoint an address belonged to, and when; with its tables", ["Cluster.Model", "Storage"]),
        new("Lifecycle.Evidence", "what was seen around an ending: endpoints, scale-downs, deletions of namespaces", ["Cluster.Model"]),
        new("Lifecycle", "terminations with their causes, and rollouts; with their tables", ["Cluster.Model", "Lifecycle.Evidence", "Ownership", "Storage"]),
        new("Cluster.State", "the current map, and how well each kind is known", ["Cluster.Model", "Kubernetes.Parsing", "Lifecycle", "Ownership", "Storage"]),
        new("Nodes", "settings, counters and kube-proxy syncs of the nodes; with their table", ["Cluster.Model", "Storage"]),
        new("Timeline.Model", "what a window of the timeline consists of: lanes, states, gaps, queries", ["Cluster.Model", "Lifecycle", "Nodes"]),
        new("Timeline.Series", "what the nodes' frames say, group by group, as steps", ["Nodes", "Timeline.Model"]),
        new("Timeline.Live", "bounded memory of frames, and queries over it", ["Cluster.Model", "Cluster.State", "Lifecycle", "Nodes", "Ownership", "Timeline.Model", "Timeline.Series"]),
        new("Checks.Model", "what a check sees and what it returns", ["Cluster.Model", "Cluster.State", "Lifecycle", "Nodes", "Timeline.Live"]),
        new("Checks.Cluster", "checks of the cluster", ["Checks.Model", "Cluster.Model", "Cluster.State"]),
        new("Checks.Node", "checks of each node and its kube-proxy", ["Checks.Model", "Nodes"]),
        new("Checks.Service", "checks of each Service", ["Checks.Cluster", "Checks.Model", "Cluster.Model", "Lifecycle", "Nodes"]),
        new("Checks", "the scheduler of all checks", ["Checks.Cluster", "Checks.Model", "Checks.Node", "Checks.Service", "Cluster.State", "Timeline.Live", "Workers"]),
        new("Ingest.Journal", "the inbox of the node journals", []),
        new("Timeline.Blocks", "the compressed form of a minute, and its codec", ["Timeline.Live", "Timeline.Model"]),
        new("Timeline.Storage", "tables of frames, blocks and facts; replay at the start; retention", ["Lifecycle", "Nodes", "Ownership", "Storage", "Timeline.Blocks", "Timeline.Live", "Timeline.Model"]),
        new("Timeline.Rollup", "stored frames to blocks of nodes and Services, and to coarser levels", ["Cluster.Model", "Cluster.State", "Ownership", "Storage", "Timeline.Blocks", "Timeline.Live", "Timeline.Model", "Timeline.Series", "Timeline.Storage"]),
        new("Ingest", "the hub of the collectors: authentication, registry, frames, the list of watched addresses", ["Cluster.Model", "Cluster.State", "Configuration", "Configuration.Keys", "Ingest.Journal", "Timeline.Live", "Timeline.Rollup", "Timeline.Storage", "Workers"]),
        new("Actions.Workflow", "request, plan, approval, dispatch, record, recovery", ["Actions.Guards", "Audit", "Checks", "Checks.Model", "Checks.Node", "Cluster.Model", "Cluster.State", "Configuration", "Identity", "Ingest", "Ingest.Journal", "Lifecycle", "Nodes", "Storage", "Timeline.Live"]),
        new("Actions.Outcome", "what an action caused: resets before and after, open changes", ["Actions.Guards", "Actions.Workflow", "Audit", "Ingest", "Nodes", "Timeline.Live"]),
        new("Actions", "registration", ["Actions.Outcome", "Actions.Workflow", "Configuration"]),
        new("Api.Problems", "problem details with stable codes", []),
        new("Api.Query", "query strings: parsing and validation", ["Api.Problems"]),
        new("Api.Actions", "endpoints for actions and settings", ["Actions.Guards", "Actions.Outcome", "Actions.Workflow", "Api.Problems", "Api.Query", "Identity"]),
        new("Api.Audit", "endpoint for the audit log", ["Api.Problems", "Api.Query", "Audit"]),
        new("Timeline.Query", "one query service over live and stored data", ["Cluster.Model", "Cluster.State", "Lifecycle", "Nodes", "Ownership", "Storage", "Timeline.Blocks", "Timeline.Live", "Timeline.Model", "Timeline.Rollup", "Timeline.Storage", "Workers"]),
        new("Findings.Silence", "nodes that fell silent, and whether their pods answer others since", ["Cluster.Model", "Cluster.State", "Timeline.Live", "Timeline.Series"]),
        new("Findings", "why connections break: evidence of an address, and the findings of the rules", ["Cluster.Model", "Lifecycle", "Nodes", "Ownership", "Timeline.Live", "Timeline.Model", "Timeline.Series"]),
        new("Findings.Live", "the findings of the running cluster: rounds of the diagnosis, when a finding opens and closes, its audit rows and metrics", ["Audit", "Cluster.Model", "Cluster.State", "Findings", "Findings.Silence", "Lifecycle", "Nodes", "Timeline.Live", "Timeline.Series", "Workers"]),
        new("Findings.Explanation", "where the packets of a finding end, in words, as a path, and as shell lines that show it; links and changes of manifests", ["Cluster.Model", "Findings", "ShellText"]),
        new("Findings.Stored", "the findings of a window from its stored frames, by the same evidence", ["Cluster.Model", "Cluster.State", "Findings", "Lifecycle", "Nodes", "Ownership", "Storage", "Timeline.Live", "Timeline.Model", "Timeline.Query", "Timeline.Storage"]),
        new("Findings.Webhook", "posts findings that open and close, in the form of Alertmanager's webhook", ["Audit", "Cluster.Model", "Configuration", "Findings", "Findings.Explanation", "Findings.Live"]),
        new("Api.Findings", "endpoint for findings", ["Api.Problems", "Api.Query", "Cluster.Model", "Findings", "Findings.Explanation", "Findings.Live", "Findings.Stored"]),
        new("Incidents", "incident files: a window with all that its timeline and findings need; written, read without trust, and replayed", ["Audit", "Cluster.Model", "Cluster.State", "Findings", "Findings.Stored", "Lifecycle", "Nodes", "Ownership", "Storage", "Timeline.Blocks", "Timeline.Live", "Timeline.Model", "Timeline.Query", "Timeline.Storage"]),
        new("Postmortems.Records", "stored incidents: their pinned windows, notes, pinned events and participants; every change through one service, audit row first; messages of Alertmanager", ["Audit", "Cluster.Model", "Findings", "Identity", "Storage", "Timeline.Storage"]),
        new("Postmortems.Report", "what happened in the window of an incident, in written form", ["Audit", "Cluster.Model", "Findings", "Findings.Stored", "Lifecycle", "Postmortems.Records", "Timeline.Model", "Timeline.Query"]),
        new("Postmortems.Export", "an incident as Markdown, HTML, CSV and JSON, also with names and addresses replaced", ["Audit", "Cluster.Model", "Cluster.State", "Findings", "Postmortems.Records", "Postmortems.Report", "Timeline.Model", "Timeline.Query"]),
        new("Postmortems", "registration", ["Postmortems.Export", "Postmortems.Records", "Postmortems.Report"]),
        new("Api.Incidents", "endpoints for incidents and incident files", ["Api.Problems", "Api.Query", "Findings", "Findings.Live", "Findings.Stored", "Identity", "Incidents", "Postmortems.Export", "Postmortems.Records"]),
        new("Rollouts", "what a rollout broke: measured from findings and terminations, stored, and compared with earlier ones", ["Cluster.Model", "Cluster.State", "Configuration", "Findings", "Findings.Stored", "Lifecycle", "Nodes", "Storage", "Timeline.Live", "Timeline.Model", "Timeline.Query", "Workers"]),
        new("Api.Rollouts", "endpoints for rollouts and their reports", ["Api.Problems", "Api.Query", "Cluster.Model", "Lifecycle", "Rollouts"]),
        new("Api.Terminations", "endpoint for terminations", ["Api.Problems", "Api.Query", "Cluster.Model", "Lifecycle", "Nodes", "Timeline.Query"]),
        new("Api.Timeline", "endpoint for the timeline", ["Api.Problems", "Api.Query", "Api.Terminations", "Lifecycle", "Timeline.Model", "Timeline.Query"]),
        new("Api", "routes, CSRF protection, the OpenAPI document", ["Api.Actions", "Api.Audit", "Api.Findings", "Api.Incidents", "Api.Problems", "Api.Query", "Api.Rollouts", "Api.Terminations", "Api.Timeline"]),
        new("CommandLine", "values of switches (src/Shared, compiled into each program)", []),
        new("Components.Text", "names and sentences of states, causes, gaps and times", ["Actions.Guards", "Actions.Workflow", "Checks.Model", "Lifecycle", "ShellText", "Timeline.Model"]),
        new("Components.State.Urls", "state of pages that is kept in their URLs", ["Actions.Guards", "Actions.Workflow", "Audit", "Checks.Model", "Components.Text"]),
        new("Components.State", "state of pages: the live page's URL, refreshers, the current user", ["Actions.Guards", "Actions.Outcome", "Actions.Workflow", "Checks.Model", "Checks.Service", "Cluster.Model", "Cluster.State", "Components.State.Urls", "Components.Text", "Identity", "Timeline.Live", "Timeline.Model"]),
        new("Components.Controls", "small parts that every page uses", ["Components.State", "Components.Text"]),
        new("Components.Controls.Findings", "the cards that explain why connections break", ["Cluster.Model", "Components.Controls", "Components.Text", "Findings", "Findings.Explanation", "Findings.Live", "Findings.Stored"]),
        new("Components.Controls.Timeline.Notes", "findings, actions and settings as bars of the chart", ["Actions.Guards", "Actions.Workflow", "Cluster.Model", "Components.Controls.Findings", "Components.State.Urls", "Components.Text", "Findings", "Findings.Explanation", "Timeline.Model"]),
        new("Components.Controls.Timeline", "the chart, its signs and its tables", ["Cluster.Model", "Components.Controls", "Components.Controls.Timeline.Notes", "Components.State", "Components.Text", "Lifecycle", "Nodes", "Timeline.Model"]),
        new("Components.Controls.Actions", "parts of the action pages and dialogs", ["Actions.Guards", "Actions.Outcome", "Actions.Workflow", "Cluster.Model", "Components.Controls", "Components.Controls.Timeline", "Components.State", "Components.Text", "Identity", "Timeline.Model"]),
        new("Components.Dialogs", "flush, settings and keys", ["Actions.Guards", "Actions.Outcome", "Actions.Workflow", "Cluster.Model", "Cluster.State", "Components.Controls.Actions", "Components.State", "Components.Text", "Identity", "Nodes", "Timeline.Live", "Timeline.Model"]),
        new("Components.Controls.Checks", "parts of the checks page", ["Checks", "Checks.Model", "Checks.Node", "Checks.Service", "Components.Controls", "Components.Dialogs", "Components.State", "Components.Text"]),
        new("Components.Layout", "the frame around every page", ["Components.Controls.Actions", "Components.Controls.Checks", "Components.Dialogs", "Components.State", "Components.State.Urls", "Components.Text"]),
        new("Components.Controls.Audit", "parts of the audit page", ["Audit", "Components.Controls", "Components.State.Urls", "Components.Text"]),
        new("Components.Controls.Pods", "the pod panel and table", ["Cluster.Model", "Components.Controls", "Components.Controls.Timeline", "Components.State", "Components.Text", "Lifecycle", "Nodes", "Timeline.Model"]),
        new("Components.Controls.Incidents", "parts of the pages of incidents", ["Components.Controls", "Components.Text", "Findings.Explanation", "Postmortems.Records", "Postmortems.Report"]),
        new("Components.Pages", "one file for each address", ["Actions.Guards", "Actions.Outcome", "Actions.Workflow", "Audit", "Checks", "Checks.Model", "Cluster.State", "Components.Controls", "Components.Controls.Actions", "Components.Controls.Audit", "Components.Controls.Checks", "Components.Controls.Findings", "Components.Controls.Incidents", "Components.Controls.Pods", "Components.Controls.Timeline", "Components.Controls.Timeline.Notes", "Components.Dialogs", "Components.State", "Components.State.Urls", "Components.Text", "Findings", "Findings.Explanation", "Findings.Live", "Findings.Stored", "Identity", "Lifecycle", "Postmortems.Records", "Postmortems.Report", "Timeline.Live", "Timeline.Model", "Timeline.Query"]),
        new("Components.Pages.Errors", "what a browser gets for requests that fail, and the page of an unknown address", ["Api.Problems", "Components.Layout", "ErrorPages", "Identity"]),
        new("Components.Pages.Pods", "the list of all pods", ["Actions.Guards", "Actions.Workflow", "Cluster.Model", "Cluster.State", "Components.Controls", "Components.Controls.Pods", "Components.Controls.Timeline", "Components.State", "Components.State.Urls", "Components.Text", "Lifecycle", "Timeline.Live", "Timeline.Model", "Timeline.Query"]),
        new("Components", "routes and registration", ["Components.Layout", "Components.Pages.Errors", "Components.State", "Identity"]),
        new("Kubernetes.Client", "connection to the API server: credentials, lists and watches as streams", ["Cluster.Model", "Configuration", "Configuration.Keys", "Kubernetes.Parsing"]),
        new("Kubernetes.Informer", "list and watch of each kind, and what follows an interruption", ["Cluster.Model", "Cluster.State", "Kubernetes.Client", "Kubernetes.Parsing"]),
        new("Timeline", "registration", ["Cluster.State", "Configuration", "Nodes", "Timeline.Live", "Timeline.Query", "Timeline.Rollup", "Timeline.Storage"]),
        new("Hosting", "composition root, request pipeline, start and stop", ["Actions", "Api", "Api.Problems", "Audit", "Checks", "Cluster.State", "Components", "Components.Pages.Errors", "Configuration", "Findings.Live", "Findings.Stored", "Findings.Webhook", "Identity", "Incidents", "Ingest", "Kubernetes.Client", "Kubernetes.Informer", "Lifecycle", "Nodes", "Ownership", "Postmortems", "Rollouts", "Storage", "Timeline", "Timeline.Live", "Timeline.Model", "Timeline.Query"]),
        new("Cli.Rollouts", "where 'rollout check' reads a report, and its text", ["Api.Query", "Api.Rollouts", "Configuration", "Lifecycle", "Rollouts", "Storage"]),
        new("Cli.Incidents", "where 'incident export' reads a file, and the text of 'incident explain' and 'incident open'", ["Api.Findings", "Api.Query", "Findings", "Incidents", "Audit", "Cluster.Model", "Ownership", "Postmortems.Export", "Postmortems.Records", "Postmortems.Report", "Timeline.Live", "Timeline.Model"]),
        new("Cli", "commands of the program", ["Api.Query", "Api.Rollouts", "Audit", "Cli.Incidents", "Cli.Rollouts", "CommandLine", "Configuration", "Configuration.Keys", "Hosting", "Identity", "Incidents", "Postmortems.Export", "Rollouts", "Storage.Address"]),
    ];

    public static readonly IReadOnlyList<Component> Collector =
    [
        new("KubeProxy", "kube-proxy's metrics, mode and health", []),
        new("Observation.Flows", "the table of tracked flows, grouped by Service and backend", []),
        new("Observation.Resets", "sources of resets, and their join with flows", ["Observation.Flows"]),
        new("Observation", "follows the table, settings and counters; one frame a second", ["KubeProxy", "Observation.Flows", "Observation.Resets"]),
        new("Ipvs", "what IPVS keeps for an address", []),
        new("Explain", "what explain observes, and its verdict as text", ["Ipvs", "KubeProxy", "Observation", "Observation.Flows", "Observation.Resets"]),
        new("Cli.Json", "JSON that the commands print", ["Explain"]),
        new("Commands", "rules that every command obeys", []),
        new("Journal", "what this node did to its kernel, on disk before it is done", []),
        new("Commands.Flush", "previews and flushes, and the guards of the node", ["Commands", "Ipvs", "Journal", "Observation.Flows"]),
        new("Commands.Settings", "reads, writes and reverts settings, and the guards of the node", ["Commands", "Journal"]),
        new("Commands.Dispatch", "commands of the console to their handlers; timers", ["Commands", "Commands.Flush", "Commands.Settings", "Journal"]),
        new("Uplink", "authentication, the connection to the hub, the outbox and its spill file", ["Commands.Dispatch"]),
        new("Host", "composition of the daemon, and what this node can do", ["Commands.Dispatch", "Commands.Flush", "Commands.Settings", "Journal", "KubeProxy", "Observation", "Observation.Flows", "Observation.Resets", "Uplink"]),
        new("Cli", "the commands, on System.CommandLine", ["Cli.Json", "Commands", "Commands.Flush", "Commands.Settings", "Explain", "Host", "Journal", "KubeProxy", "Observation", "Observation.Flows", "Observation.Resets", "Uplink"]),
    ];

    public static readonly IReadOnlyList<Component> Diagnosis =
    [
        new("Facts", "everything that is known of one subject in one window, source by source", []),
        new("Catalog", "the mechanisms with their codes, remedies and what refutes them", []),
        new("Findings", "what a rule concludes: a finding, nothing, or what is missing", ["Catalog", "Facts"]),
        new("Rules.Shared", "which mechanism a reset belongs to, and evidence that several rules share", ["Facts", "Findings"]),
        new("Rules", "one pure function for each mechanism", ["Catalog", "Facts", "Findings", "Rules.Shared"]),
    ];

    public static readonly IReadOnlyList<Component> Kernel =
    [
        new("Net", "addresses, protocol numbers, flow states: the only part that Wire and the console use", []),
        new("Netlink", "sockets, messages and attributes", []),
        new("Conntrack", "dump, events and deletion of conntrack entries", ["Net", "Netlink"]),
        new("Ipvs", "timeouts, switches, servers and connections of IPVS", ["Net", "Netlink"]),
        new("Namespaces", "network namespaces", ["Netlink"]),
        new("Nftables", "rules and sets", ["Net", "Netlink"]),
        new("Packets", "packet sockets and BPF filters", ["Net", "Netlink"]),
        new("Proc", "files of /proc and /proc/sys", ["Netlink"]),
        new("Routes", "links, routes, and which addresses are local", ["Net", "Netlink"]),
        new("Resets", "TCP resets from tracepoints and packets", ["Net", "Netlink", "Packets", "Routes"]),
    ];
}
