using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Images;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric image pull|list|rm</c>: the guest images in the cache.</summary>
internal static class ImageCommand
{
    public static Command Create(Terminal terminal) =>
        new Command("image", "Obtain, list and remove guest images") { CreatePull(terminal), CreateList(terminal), CreateRemove(terminal) }
            .WithExamples("fabric image pull debian-riscv64", "fabric image list", "fabric image rm debian-riscv64");

    private static Command CreatePull(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        Command command = new("pull", "Obtain a guest image, or bring it up to date; goes on where an interrupted pull ended") { name };
        command.SetAction((parsed, cancel) => PullAsync(terminal, parsed.GetRequiredValue(name), cancel));
        return command.WithExamples("fabric image pull debian-riscv64");
    }

    private static Command CreateList(Terminal terminal)
    {
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("list", "List the guest images: those in the cache, and those that can be pulled") { json };
        command.SetAction(parsed => List(terminal, parsed.GetValue(json)));
        return command.WithExamples("fabric image list", "fabric image list --json");
    }

    private static Command CreateRemove(Terminal terminal)
    {
        Argument<string> name = NameArgument();
        Command command = new("rm", "Remove a guest image from the cache; overlays made over it become useless") { name };
        command.SetAction(parsed =>
        {
            string image = parsed.GetRequiredValue(name);
            if (!new ImageStore().Remove(image))
                throw new CliException($"{image} is not in the cache");
            terminal.Out.WriteLine($"{image} is removed");
        });
        return command.WithExamples("fabric image rm debian-riscv64");
    }

    private static Argument<string> NameArgument()
    {
        Argument<string> name = new("NAME") { Description = $"Name of the image: {string.Join(", ", ImageStore.Catalogue)}" };
        name.Validators.Add(result =>
        {
            string given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (given.Length == 0 || ImageStore.Catalogue.Contains(given))
                return;
            string? near = NearestName.Find(given, ImageStore.Catalogue);
            result.AddError($"there is no image '{given}'" + (near is null ? $"; the catalogue has: {string.Join(", ", ImageStore.Catalogue)}" : $", did you mean {near}?"));
        });
        return name;
    }

    private static async Task<int> PullAsync(Terminal terminal, string name, CancellationToken cancel)
    {
        EventLog events = new(TimeProvider.System);
        Task view = new EventView(terminal).FollowAsync(events.ReadAsync(cancel), cancel);
        GuestImage image;
        try
        {
            image = await new ImageStore().PullAsync(name, new EventProgress(name, events), cancel);
        }
        finally
        {
            events.Add(TopologyEventKind.Ready, name, null);
            events.Complete();
            await view;
        }
        terminal.Out.WriteLine($"{image.Name} {image.Version}: {ByteSize.Format(ImageEntry.Of(image).SizeBytes)} in {image.Directory}");
        return 0;
    }

    private static void List(Terminal terminal, bool json)
    {
        Dictionary<string, GuestImage> cached = new ImageStore().List().ToDictionary(i => i.Name);
        ImageEntry[] entries = [.. ImageStore.Catalogue.Select(name => cached.TryGetValue(name, out GuestImage? image)
            ? ImageEntry.Of(image)
            : new ImageEntry(name, null, 0, null))];
        if (json)
            terminal.Out.WriteLine(JsonSerializer.Serialize(entries, CliJson.Indented.IReadOnlyListImageEntry));
        else
            terminal.WriteTable(["IMAGE", "VERSION", "SIZE", "FOLDER"], entries.Select(e => (IReadOnlyList<string>)[e.Name, e.Version ?? "not pulled", e.Version is null ? "-" : ByteSize.Format(e.SizeBytes), e.Folder ?? "-"]));
    }
}
