using System.Globalization;

namespace Fabric.Interop.Tests.Peers;

/// <summary>BIRD inside a namespace with a folder of its own. It ends with this object.</summary>
internal sealed class BirdRouter : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"fabric-bird-{Guid.NewGuid():N}");

    /// <summary>Starts it.</summary>
    /// <param name="space">Where; its interfaces are there and up.</param>
    /// <param name="configuration">The whole configuration but for the protocol that looks for interfaces.</param>
    public BirdRouter(TestNamespace space, string configuration)
    {
        HostTool.Need("bird", "bird2");
        Directory.CreateDirectory(_folder);
        try
        {
            File.WriteAllText($"{_folder}/bird.conf", "protocol device { scan time 1; }\n" + configuration);
            HostTool.Expect("ip", "netns", "exec", space.Name, "bird", "-c", $"{_folder}/bird.conf", "-s", $"{_folder}/bird.ctl", "-P", $"{_folder}/bird.pid");
            HostTool.Await("bird's socket", 30, () => File.Exists($"{_folder}/bird.ctl") && File.Exists($"{_folder}/bird.pid") ? null : "is not there");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Asks with a command of the client, such as <c>show route count</c>.</summary>
    public string Show(string command) => HostTool.ExpectOutput(["birdc", "-r", "-s", $"{_folder}/bird.ctl", .. command.Split(' ')]);

    public void Dispose()
    {
        string pid = $"{_folder}/bird.pid";
        if (File.Exists(pid) && int.TryParse(File.ReadAllText(pid).Trim(), CultureInfo.InvariantCulture, out int id))
        {
            HostTool.Run("kill", "-TERM", $"{id}");
            Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{id}"), TimeSpan.FromSeconds(30)), "bird does not end");
        }

        Directory.Delete(_folder, recursive: true);
    }
}
