using System.Security.Cryptography;

namespace Fabric.Images.Tests;

public class ImageStoreTests
{
    private const string Name = "debian-riscv64";

    [Fact]
    public void An_image_that_was_never_pulled_is_not_found_and_an_unknown_one_is_an_error()
    {
        using TemporaryDirectory place = new();
        ImageStore store = new(place.Path);
        Assert.Null(store.Find(Name));
        Assert.Empty(store.List());
        Assert.False(store.Remove(Name));
        Assert.Contains(Name, Assert.Throws<ImageException>(() => store.Find("debian-risc")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_image_is_found_and_verifies()
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out string directory);
        GuestImage image = store.Find(Name)!;
        await ImageStore.VerifyAsync(image);
        Assert.Equal(Path.Combine(directory, "Image"), image.Kernel);
        Assert.Equal("raw", image.BaseDiskFormat);
        Assert.Equal("1.0-aa", Assert.Single(store.List()).Version);
        Assert.True(store.Remove(Name));
        Assert.Null(store.Find(Name));
    }

    /// <summary>Manifests from before there were revisions have none.</summary>
    [Theory]
    [InlineData("\"revision\": 2", true)]
    [InlineData("\"revision\": 1", false)]
    [InlineData("\"other\": 1", false)]
    public void An_image_says_whether_its_guests_have_a_DHCP_client(string words, bool has)
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out string directory);
        string manifest = Path.Combine(directory, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"revision\": 1", words, StringComparison.Ordinal));
        Assert.Equal(has, store.Find(Name)!.HasDhcpClient);
    }

    [Fact]
    public void A_root_disk_leads_to_the_version_it_belongs_to_also_when_a_newer_one_is_current()
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out string directory);
        File.WriteAllText(place[$"{Name}/current"], "2.0-bb");
        Assert.Equal("1.0-aa", store.FindByBaseDisk(Name, Path.Combine(directory, "base.raw"))!.Version);
        Assert.Null(store.FindByBaseDisk(Name, "/elsewhere/base.raw"));
        Assert.Null(store.FindByBaseDisk(Name, Path.Combine(directory, "Image")));
    }

    [Fact]
    public async Task A_changed_byte_is_found_by_verifying()
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out string directory);
        File.WriteAllText(Path.Combine(directory, "base.raw"), "DISK");
        ImageException error = await Assert.ThrowsAsync<ImageException>(() => ImageStore.VerifyAsync(store.Find(Name)!));
        Assert.Contains("base.raw", error.Message, StringComparison.Ordinal);
        Assert.Contains("pull", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("initrd", null)]
    [InlineData("base.raw", "short")]
    [InlineData("manifest.json", null)]
    [InlineData("manifest.json", "{")]
    [InlineData("manifest.json", "{}")]
    [InlineData("manifest.json", "null")]
    public void A_damaged_image_says_to_pull_again(string file, string? content)
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out string directory);
        File.Delete(Path.Combine(directory, file));
        if (content is not null)
            File.WriteAllText(Path.Combine(directory, file), content);
        ImageException error = Assert.Throws<ImageException>(() => store.Find(Name));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains("pull", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Empty(store.List());
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("")]
    [InlineData("gone")]
    public void A_pointer_to_nowhere_is_an_error(string version)
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out _);
        File.WriteAllText(place[$"{Name}/current"], version);
        Assert.Contains("pull", Assert.Throws<ImageException>(() => store.Find(Name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_waits_for_its_turn_and_an_image_under_way_is_not_removed()
    {
        using TemporaryDirectory place = new();
        ImageStore store = Stored(place, out _);
        using FileStream turn = new(place[$"{Name}/.lock"], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("being pulled", Assert.Throws<ImageException>(() => store.Remove(Name)).Message, StringComparison.Ordinal);
        using CancellationTokenSource cancel = new();
        CancelOnReport progress = new(cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.PullAsync(Name, progress, cancel.Token));
        Assert.Contains("another pull", progress.Last.Stage, StringComparison.Ordinal);
        Assert.NotNull(store.Find(Name));
    }

    private static ImageStore Stored(TemporaryDirectory place, out string directory)
    {
        directory = Directory.CreateDirectory(place[$"{Name}/1.0-aa"]).FullName;
        Dictionary<string, ImageManifest.Entry> files = [];
        foreach ((string file, string content) in new[] { ("Image", "kernel"), ("initrd", "first"), ("base.raw", "disk") })
        {
            File.WriteAllText(Path.Combine(directory, file), content);
            files[file] = new ImageManifest.Entry(content.Length, Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(content))));
        }

        new ImageManifest(Name, "1.0-aa", "console=ttyS0", files, new Dictionary<string, string> { ["libc6"] = "2.41" }).Write(directory);
        File.WriteAllText(place[$"{Name}/current"], "1.0-aa\n");
        return new ImageStore(place.Path);
    }

    private sealed class CancelOnReport(CancellationTokenSource cancel) : IProgress<ImageProgress>
    {
        public ImageProgress Last { get; private set; }

        public void Report(ImageProgress value)
        {
            Last = value;
            cancel.Cancel();
        }
    }
}
