using Fabric.Topology;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fabric.Cli;

/// <summary>Column of a progress bar: bytes done of bytes in all, and the rate; nothing for a step that counts none.</summary>
internal sealed class ByteColumn : ProgressColumn
{
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        if (task.IsIndeterminate)
            return Text.Empty;
        string rate = task.Speed is double speed ? $"  {ByteSize.Format((long)speed)}/s" : "";
        return new Text($"{ByteSize.Format((long)task.Value)} of {ByteSize.Format((long)task.MaxValue)}{rate}");
    }
}
