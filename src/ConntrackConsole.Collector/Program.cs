return await ConntrackConsole.Collector.Cli.CollectorCommands.RunAsync(args);
