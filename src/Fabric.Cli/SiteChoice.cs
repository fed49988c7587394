using System.CommandLine;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>The part of a topology file that a command is about: all of it, or that of one site.</summary>
internal static class SiteChoice
{
    public static Option<string?> Option() => new("--site") { Description = "Part of the file that runs on this machine, where it has sites", HelpName = "NAME" };

    /// <summary>The whole, or the part of the site named.</summary>
    /// <exception cref="CliException">The file has no such site, or several and none is named.</exception>
    public static TopologyModel Choose(TopologyModel model, string? site)
    {
        string known = string.Join(", ", model.Sites.Keys);
        if (site is null)
            return model.Sites.Count == 0 ? model : throw new CliException($"{model.SourcePath}: has several sites; choose the one that runs here with --site: {known}");
        if (model.Sites.Count == 0)
            throw new CliException($"{model.SourcePath}: has no sites; leave out --site, or declare some under sites:");
        if (!model.Sites.ContainsKey(site))
            throw new CliException($"{model.SourcePath}: has no site '{site}'{(NearestName.Find(site, model.Sites.Keys) is { } near ? $", did you mean {near}?" : $"; it has {known}")}");
        return model.At(site);
    }

    /// <summary>The whole, or all parts.</summary>
    public static IReadOnlyList<TopologyModel> All(TopologyModel model) => model.Sites.Count == 0 ? [model] : [.. model.Sites.Keys.Select(model.At)];
}
