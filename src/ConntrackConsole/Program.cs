return await ConntrackConsole.Cli.ConsoleCommands.RunAsync(args, Console.Out, Console.Error);
